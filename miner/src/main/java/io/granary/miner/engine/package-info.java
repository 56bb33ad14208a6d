/**
 * What happens at every block: the planner says what a deal needs, the engine does it, and proving
 * goes before everything else on its own thread. Any step can be repeated; a restart resumes from
 * the store and the chain.
 */
@NullMarked
package io.granary.miner.engine;

import org.jspecify.annotations.NullMarked;
