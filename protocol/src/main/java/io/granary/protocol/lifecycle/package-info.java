/**
 * The pure planner at the heart of a miner: from a view of the chain and its deals to what is to be
 * done now.
 */
@NullMarked
package io.granary.protocol.lifecycle;

import org.jspecify.annotations.NullMarked;
