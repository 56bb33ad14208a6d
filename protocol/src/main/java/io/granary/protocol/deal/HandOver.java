package io.granary.protocol.deal;

import io.granary.protocol.values.DealKey;
import java.util.Optional;

/**
 * How it stands with the hand-over of a deal to another miner (Protocol §3.9).
 *
 * @param successor the last deal that was published to replace it
 * @param pending true while that one may yet be activated
 * @param waived true once its miner wants no notice if it is handed over
 */
public record HandOver(Optional<DealKey> successor, boolean pending, boolean waived) {}
