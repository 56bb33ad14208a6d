/** A miner process that is killed at every step of a deal, and what that may cost: nothing. */
@NullMarked
package io.granary.kill;

import org.jspecify.annotations.NullMarked;
