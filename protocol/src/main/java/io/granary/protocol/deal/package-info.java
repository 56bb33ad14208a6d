/**
 * What a client and a miner agree on: proposals, asks, a deal's state on chain, and the pure
 * planner of its life (Protocol §3).
 */
@NullMarked
package io.granary.protocol.deal;

import org.jspecify.annotations.NullMarked;
