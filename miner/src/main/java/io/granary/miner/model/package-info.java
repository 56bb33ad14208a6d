/**
 * What a miner knows of its deals, and how it counts its room; plain values, no input or output.
 */
@NullMarked
package io.granary.miner.model;

import org.jspecify.annotations.NullMarked;
