package io.granary.proofs.seal;

import java.nio.file.Path;

/**
 * Where a replica and its trees lie.
 *
 * @param replica the sealed leaves
 * @param sealedTree tree over them
 * @param pieceTree tree over the unsealed leaves
 */
public record ReplicaFiles(Path replica, Path sealedTree, Path pieceTree) {}
