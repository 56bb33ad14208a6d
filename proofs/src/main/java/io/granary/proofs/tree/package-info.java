/**
 * Binary SHA-256 trees: bulk node hashing, stored trees, openings and range proofs (Protocol §2).
 */
@NullMarked
package io.granary.proofs.tree;

import org.jspecify.annotations.NullMarked;
