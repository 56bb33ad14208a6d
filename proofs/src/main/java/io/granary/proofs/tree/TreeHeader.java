package io.granary.proofs.tree;

import io.granary.proofs.Hash32;
import io.granary.proofs.Sha256;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The first 64 bytes of a {@link StoredTree}: magic with the format's version, leaf count, root,
 * and the first 16 bytes of the SHA-256 of all that. Written last, so that it marks a finished
 * file.
 *
 * @param shape shape of the tree
 * @param root its root
 */
record TreeHeader(TreeShape shape, Hash32 root) {
  static final int BYTES = 64;
  private static final int CHECKED = 48;
  private static final long MAGIC = 0x4752_4e54_5245_4531L; // "GRNTREE1"

  byte[] bytes() {
    ByteBuffer header = ByteBuffer.allocate(BYTES);
    header.putLong(MAGIC).putLong(shape.leafCount()).put(root.bytes());
    return header.put(checksum(header.array()), 0, BYTES - CHECKED).array();
  }

  private static byte[] checksum(byte[] header) {
    return Sha256.hash(Arrays.copyOf(header, CHECKED)).bytes();
  }

  static TreeHeader parse(byte[] header, Path path) throws CorruptTreeException {
    ByteBuffer in = ByteBuffer.wrap(header);
    if (in.getLong() != MAGIC) {
      throw new CorruptTreeException(
          path, "is no finished tree file of this version; it can be rebuilt from its data");
    }
    long leafCount = in.getLong();
    if (!Arrays.equals(header, CHECKED, BYTES, checksum(header), 0, BYTES - CHECKED)
        || leafCount < 1
        || leafCount > 1L << TreeShape.MAX_HEIGHT) {
      throw new CorruptTreeException(path, "has a damaged header; it can be rebuilt from its data");
    }
    return new TreeHeader(new TreeShape(leafCount), Hash32.at(header, 16));
  }
}
