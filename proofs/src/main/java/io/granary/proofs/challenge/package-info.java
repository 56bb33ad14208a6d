/**
 * Where a miner is challenged: the period clock, the proving set and its draw, seal and audit
 * positions (Protocol §4 to §6).
 */
@NullMarked
package io.granary.proofs.challenge;

import org.jspecify.annotations.NullMarked;
