package io.granary.proofs.hash;

import io.granary.proofs.Hash32;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Which engine hashes. Every process begins with {@link #MESSAGE_DIGEST}, which is at its full
 * speed at once; one that will hash much calls {@link #useFastest}, which costs about a second of
 * one core. Both give the same results.
 */
public enum HashEngine {
  /** The JDK's, which uses the processor's SHA instructions where there are any. */
  MESSAGE_DIGEST(MessageDigestNodeHasher::new, MessageDigestMaskXor::new),

  /** 32 messages side by side in vectors of 512 bits. */
  VECTOR(LaneNodeHasher::new, LaneMaskXor::new);

  /** What was chosen, and why, in words for a log. */
  public record Choice(HashEngine engine, String reason) {}

  private static final String MODULE = "jdk.incubator.vector";
  private static final int NODES = 1 << 12;
  // The compiler needs some 20,000 calls of the kernel, each of which is a 32nd of NODES.
  private static final int WARM_ROUNDS = 200;
  private static final int TIMED_ROUNDS = 20;
  private static volatile HashEngine inUse = MESSAGE_DIGEST;

  private final Supplier<NodeHasher> nodes;
  private final Supplier<MaskXor> masks;

  HashEngine(Supplier<NodeHasher> nodes, Supplier<MaskXor> masks) {
    this.nodes = nodes;
    this.masks = masks;
  }

  /** The engine of whatever is created from now on. */
  public static HashEngine inUse() {
    return inUse;
  }

  NodeHasher nodes() {
    return nodes.get();
  }

  MaskXor masks() {
    return masks.get();
  }

  /**
   * Warms up the vector engine where there is one, compares its results and its speed with the
   * other's, and uses the faster from then on. What was created before stays as it is.
   */
  public static synchronized Choice useFastest() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return new Choice(inUse, "Java was started without --add-modules " + MODULE);
    }
    if (!Sha256Lanes.isNative()) {
      return new Choice(inUse, "this processor has no vectors of 512 bits");
    }
    byte[] in = new byte[64 * NODES];
    for (int i = 0; i < in.length; i++) {
      in[i] = (byte) (i * 0x9e3779b1 >>> 24);
    }
    byte[] expected = run(MESSAGE_DIGEST, in, TIMED_ROUNDS);
    if (!Arrays.equals(expected, run(VECTOR, in, WARM_ROUNDS))) {
      return new Choice(
          inUse, "the vector engine's hashes are wrong on this processor; please report it");
    }
    double digest = rate(MESSAGE_DIGEST, in);
    double vector = rate(VECTOR, in);
    inUse = vector > digest ? VECTOR : MESSAGE_DIGEST;
    return new Choice(
        inUse,
        String.format(
            Locale.ROOT,
            "measured %.1f million nodes a second with MessageDigest, %.1f with vectors",
            digest,
            vector));
  }

  /** Nodes of {@code in}, masked: whatever an engine does shows in the result. */
  private static byte[] run(HashEngine engine, byte[] in, int rounds) {
    NodeHasher nodes = engine.nodes();
    MaskXor masks = engine.masks();
    byte[] out = new byte[32 * NODES];
    for (int round = 0; round < rounds; round++) {
      nodes.hash(in, 0, out, 0, NODES);
      masks.apply(Hash32.at(in, 0), 1L << 31, out, 0, NODES);
    }
    return out;
  }

  private static double rate(HashEngine engine, byte[] in) {
    NodeHasher nodes = engine.nodes();
    byte[] out = new byte[32 * NODES];
    nodes.hash(in, 0, out, 0, NODES);
    long begin = System.nanoTime();
    for (int round = 0; round < TIMED_ROUNDS; round++) {
      nodes.hash(in, 0, out, 0, NODES);
    }
    return TIMED_ROUNDS * NODES * 1e3 / (System.nanoTime() - begin);
  }
}
