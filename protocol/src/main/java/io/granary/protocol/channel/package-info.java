/**
 * What a client promises a miner for retrieval, and a payment channel's state on chain (Protocol
 * §7).
 */
@NullMarked
package io.granary.protocol.channel;

import org.jspecify.annotations.NullMarked;
