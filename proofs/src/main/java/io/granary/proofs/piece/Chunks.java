package io.granary.proofs.piece;

/** The unit in which pieces are hashed, sealed and sent: 2^15 leaves, 1 MiB padded. */
public final class Chunks {
  /** Level of a chunk's root. */
  public static final int LEVEL = 15;

  /** Groups of 127 bytes. */
  public static final int GROUPS = 1 << (LEVEL - 2);

  /** Raw bytes. */
  public static final int RAW = GROUPS * Fr32.RAW;

  /** Padded bytes. */
  public static final int PADDED = GROUPS * Fr32.PADDED;

  /** Leaves. */
  public static final int LEAVES = 1 << LEVEL;

  private Chunks() {}
}
