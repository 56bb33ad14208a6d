/** A model of the chain and the parties around a miner, for its tests. */
@NullMarked
package io.granary.miner.testing;

import org.jspecify.annotations.NullMarked;
