/**
 * What a client and a miner agree on: proposals, asks, and a deal's state on chain (Protocol §3).
 */
@NullMarked
package io.granary.protocol.deal;

import org.jspecify.annotations.NullMarked;
