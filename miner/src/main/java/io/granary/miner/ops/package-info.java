/**
 * How the node shows itself: alerts, metrics, health and the status that {@code granary miner
 * status} prints. Nothing here decides anything.
 */
@NullMarked
package io.granary.miner.ops;

import org.jspecify.annotations.NullMarked;
