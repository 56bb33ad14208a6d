/**
 * Replica files and verified reading of them: whatever leaves this package opens to the deal's
 * roots.
 */
@NullMarked
package io.granary.miner.replica;

import org.jspecify.annotations.NullMarked;
