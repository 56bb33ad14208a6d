package io.granary.protocol.chain;

import java.util.List;

/**
 * A batch's transaction and what became of each deal in it.
 *
 * @param tx the transaction
 * @param items in the order of the batch; empty when the transaction was refused
 */
public record BatchResult(TxResult tx, List<BatchItem> items) {}
