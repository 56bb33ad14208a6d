/**
 * The storage provider's daemon: it asks a price, takes pieces in, seals them, proves them on chain
 * every period and gives the bytes back. {@link io.granary.miner.MinerNode} is the whole of it;
 * everything else serves it.
 */
@NullMarked
package io.granary.miner;

import org.jspecify.annotations.NullMarked;
