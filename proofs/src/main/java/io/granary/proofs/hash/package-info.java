/**
 * SHA-256 in bulk: the nodes of trees and the masks of the STREAM profile, by the engine that is
 * fastest on this machine.
 */
@NullMarked
package io.granary.proofs.hash;

import org.jspecify.annotations.NullMarked;
