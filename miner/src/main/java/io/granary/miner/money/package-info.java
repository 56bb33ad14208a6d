/**
 * What a miner has earned, risks and has spent, counted from the market's events to the last unit
 * and checked against what the contract says.
 */
@NullMarked
package io.granary.miner.money;

import org.jspecify.annotations.NullMarked;
