package io.granary.proofs.hash;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ROR;
import static jdk.incubator.vector.VectorOperators.XOR;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * SHA-256 (FIPS 180-4) of 32 messages at once: word t of message i lies at {@code t·32 + i}, and
 * each operation works on 16 messages. Two groups of 16 go through the rounds together, because one
 * alone would wait for its own results. Not safe for several threads.
 *
 * <p>The shape of this code is what the JDK's compiler can take. A vector that lives across
 * iterations of a loop, or an operation in a helper method that is not inlined any more, becomes an
 * object each time and costs tenfold: so the state goes back to its array after every four rounds,
 * and these four are written out.
 */
final class Sha256Lanes {
  /** How many messages. */
  static final int COUNT = 32;

  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;
  private static final int LANES = COUNT / 2;
  private static final int ROUNDS = 64;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final int[] K = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
  };
  private static final int[] START = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  };

  /** K + W of the second block of every message of 64 bytes: it holds padding only. */
  private static final int[] PADDING = padding();

  /** The bits of a node's last word that are kept: the top two of its last byte are not. */
  private static final int LAST_WORD = ~0xc0;

  private final int[] w = new int[ROUNDS * COUNT];
  private final int[] kw = new int[ROUNDS * COUNT];
  private final int[] state = new int[8 * COUNT];
  private final int[] before = new int[8 * COUNT];

  /** True where the processor has these vectors; elsewhere the results are right, but slow. */
  static boolean isNative() {
    return IntVector.SPECIES_PREFERRED.length() >= LANES;
  }

  private static int[] padding() {
    int[] w = new int[ROUNDS * COUNT];
    int[] kw = new int[ROUNDS * COUNT];
    fill(w, 0, 0x80000000);
    fill(w, 15, 64 * Byte.SIZE);
    schedule(w, kw);
    return kw;
  }

  private static void fill(int[] words, int t, int value) {
    Arrays.fill(words, t * COUNT, (t + 1) * COUNT, value);
  }

  /** Nodes of 32 messages of 64 bytes; {@code out} may be {@code in} as for {@link NodeHasher}. */
  void nodes(byte[] in, int inOffset, byte[] out, int outOffset) {
    for (int i = 0; i < COUNT; i++) {
      int at = inOffset + 64 * i;
      for (int t = 0; t < 16; t++) {
        w[t * COUNT + i] = (int) INT.get(in, at + 4 * t);
      }
    }
    start();
    schedule(w, kw);
    compress(kw);
    compress(PADDING);
    for (int i = 0; i < COUNT; i++) {
      int at = outOffset + 32 * i;
      for (int t = 0; t < 7; t++) {
        INT.set(out, at + 4 * t, state[t * COUNT + i]);
      }
      INT.set(out, at + 28, state[7 * COUNT + i] & LAST_WORD);
    }
  }

  /** XORs 32 leaves with {@code sha256(id ‖ uint64 (first + i))}. */
  void xorMasks(byte[] id, long first, byte[] leaves, int offset) {
    for (int t = 0; t < 8; t++) {
      fill(w, t, (int) INT.get(id, 4 * t));
    }
    for (int i = 0; i < COUNT; i++) {
      w[8 * COUNT + i] = (int) ((first + i) >>> 32);
      w[9 * COUNT + i] = (int) (first + i);
    }
    fill(w, 10, 0x80000000);
    for (int t = 11; t < 15; t++) {
      fill(w, t, 0);
    }
    fill(w, 15, 40 * Byte.SIZE);
    start();
    schedule(w, kw);
    compress(kw);
    for (int i = 0; i < COUNT; i++) {
      int at = offset + 32 * i;
      for (int t = 0; t < 8; t++) {
        INT.set(leaves, at + 4 * t, (int) INT.get(leaves, at + 4 * t) ^ state[t * COUNT + i]);
      }
    }
  }

  private void start() {
    for (int t = 0; t < 8; t++) {
      fill(state, t, START[t]);
    }
  }

  /** Expands words 0 to 15 of {@code w} to 64, and adds the round constants into {@code kw}. */
  private static void schedule(int[] w, int[] kw) {
    for (int t = 0; t < 16; t++) {
      for (int at = t * COUNT; at < (t + 1) * COUNT; at += LANES) {
        IntVector.fromArray(INTS, w, at).add(K[t]).intoArray(kw, at);
      }
    }
    for (int t = 16; t < ROUNDS; t++) {
      for (int at = t * COUNT; at < (t + 1) * COUNT; at += LANES) {
        IntVector early = IntVector.fromArray(INTS, w, at - 15 * COUNT);
        IntVector late = IntVector.fromArray(INTS, w, at - 2 * COUNT);
        IntVector word =
            early
                .lanewise(ROR, 7)
                .lanewise(XOR, early.lanewise(ROR, 18))
                .lanewise(XOR, early.lanewise(LSHR, 3))
                .add(
                    late.lanewise(ROR, 17)
                        .lanewise(XOR, late.lanewise(ROR, 19))
                        .lanewise(XOR, late.lanewise(LSHR, 10)))
                .add(IntVector.fromArray(INTS, w, at - 16 * COUNT))
                .add(IntVector.fromArray(INTS, w, at - 7 * COUNT));
        word.intoArray(w, at);
        word.add(K[t]).intoArray(kw, at);
      }
    }
  }

  /** One block into the state. */
  private void compress(int[] block) {
    System.arraycopy(state, 0, before, 0, state.length);
    for (int at = 0; at < ROUNDS * COUNT; at += 4 * COUNT) {
      fourRounds(state, block, at);
    }
    for (int at = 0; at < state.length; at += LANES) {
      IntVector.fromArray(INTS, state, at)
          .add(IntVector.fromArray(INTS, before, at))
          .intoArray(state, at);
    }
  }

  /** Variables are named as in the standard, x for the first group and y for the second. */
  private static void fourRounds(int[] state, int[] kw, int at) {
    IntVector xa = IntVector.fromArray(INTS, state, 0);
    IntVector xb = IntVector.fromArray(INTS, state, COUNT);
    IntVector xc = IntVector.fromArray(INTS, state, 2 * COUNT);
    IntVector xd = IntVector.fromArray(INTS, state, 3 * COUNT);
    IntVector xe = IntVector.fromArray(INTS, state, 4 * COUNT);
    IntVector xf = IntVector.fromArray(INTS, state, 5 * COUNT);
    IntVector xg = IntVector.fromArray(INTS, state, 6 * COUNT);
    IntVector xh = IntVector.fromArray(INTS, state, 7 * COUNT);
    IntVector ya = IntVector.fromArray(INTS, state, LANES);
    IntVector yb = IntVector.fromArray(INTS, state, COUNT + LANES);
    IntVector yc = IntVector.fromArray(INTS, state, 2 * COUNT + LANES);
    IntVector yd = IntVector.fromArray(INTS, state, 3 * COUNT + LANES);
    IntVector ye = IntVector.fromArray(INTS, state, 4 * COUNT + LANES);
    IntVector yf = IntVector.fromArray(INTS, state, 5 * COUNT + LANES);
    IntVector yg = IntVector.fromArray(INTS, state, 6 * COUNT + LANES);
    IntVector yh = IntVector.fromArray(INTS, state, 7 * COUNT + LANES);
    IntVector x0 =
        xh.add(IntVector.fromArray(INTS, kw, at))
            .add(
                xe.lanewise(ROR, 6)
                    .lanewise(XOR, xe.lanewise(ROR, 11))
                    .lanewise(XOR, xe.lanewise(ROR, 25)))
            .add(xf.lanewise(XOR, xg).and(xe).lanewise(XOR, xg));
    IntVector y0 =
        yh.add(IntVector.fromArray(INTS, kw, at + LANES))
            .add(
                ye.lanewise(ROR, 6)
                    .lanewise(XOR, ye.lanewise(ROR, 11))
                    .lanewise(XOR, ye.lanewise(ROR, 25)))
            .add(yf.lanewise(XOR, yg).and(ye).lanewise(XOR, yg));
    xd = xd.add(x0);
    xh =
        xa.lanewise(ROR, 2)
            .lanewise(XOR, xa.lanewise(ROR, 13))
            .lanewise(XOR, xa.lanewise(ROR, 22))
            .add(xa.lanewise(XOR, xb).and(xa.lanewise(XOR, xc)).lanewise(XOR, xa))
            .add(x0);
    yd = yd.add(y0);
    yh =
        ya.lanewise(ROR, 2)
            .lanewise(XOR, ya.lanewise(ROR, 13))
            .lanewise(XOR, ya.lanewise(ROR, 22))
            .add(ya.lanewise(XOR, yb).and(ya.lanewise(XOR, yc)).lanewise(XOR, ya))
            .add(y0);
    IntVector x1 =
        xg.add(IntVector.fromArray(INTS, kw, at + COUNT))
            .add(
                xd.lanewise(ROR, 6)
                    .lanewise(XOR, xd.lanewise(ROR, 11))
                    .lanewise(XOR, xd.lanewise(ROR, 25)))
            .add(xe.lanewise(XOR, xf).and(xd).lanewise(XOR, xf));
    IntVector y1 =
        yg.add(IntVector.fromArray(INTS, kw, at + COUNT + LANES))
            .add(
                yd.lanewise(ROR, 6)
                    .lanewise(XOR, yd.lanewise(ROR, 11))
                    .lanewise(XOR, yd.lanewise(ROR, 25)))
            .add(ye.lanewise(XOR, yf).and(yd).lanewise(XOR, yf));
    xc = xc.add(x1);
    xg =
        xh.lanewise(ROR, 2)
            .lanewise(XOR, xh.lanewise(ROR, 13))
            .lanewise(XOR, xh.lanewise(ROR, 22))
            .add(xh.lanewise(XOR, xa).and(xh.lanewise(XOR, xb)).lanewise(XOR, xh))
            .add(x1);
    yc = yc.add(y1);
    yg =
        yh.lanewise(ROR, 2)
            .lanewise(XOR, yh.lanewise(ROR, 13))
            .lanewise(XOR, yh.lanewise(ROR, 22))
            .add(yh.lanewise(XOR, ya).and(yh.lanewise(XOR, yb)).lanewise(XOR, yh))
            .add(y1);
    IntVector x2 =
        xf.add(IntVector.fromArray(INTS, kw, at + 2 * COUNT))
            .add(
                xc.lanewise(ROR, 6)
                    .lanewise(XOR, xc.lanewise(ROR, 11))
                    .lanewise(XOR, xc.lanewise(ROR, 25)))
            .add(xd.lanewise(XOR, xe).and(xc).lanewise(XOR, xe));
    IntVector y2 =
        yf.add(IntVector.fromArray(INTS, kw, at + 2 * COUNT + LANES))
            .add(
                yc.lanewise(ROR, 6)
                    .lanewise(XOR, yc.lanewise(ROR, 11))
                    .lanewise(XOR, yc.lanewise(ROR, 25)))
            .add(yd.lanewise(XOR, ye).and(yc).lanewise(XOR, ye));
    xb = xb.add(x2);
    xf =
        xg.lanewise(ROR, 2)
            .lanewise(XOR, xg.lanewise(ROR, 13))
            .lanewise(XOR, xg.lanewise(ROR, 22))
            .add(xg.lanewise(XOR, xh).and(xg.lanewise(XOR, xa)).lanewise(XOR, xg))
            .add(x2);
    yb = yb.add(y2);
    yf =
        yg.lanewise(ROR, 2)
            .lanewise(XOR, yg.lanewise(ROR, 13))
            .lanewise(XOR, yg.lanewise(ROR, 22))
            .add(yg.lanewise(XOR, yh).and(yg.lanewise(XOR, ya)).lanewise(XOR, yg))
            .add(y2);
    IntVector x3 =
        xe.add(IntVector.fromArray(INTS, kw, at + 3 * COUNT))
            .add(
                xb.lanewise(ROR, 6)
                    .lanewise(XOR, xb.lanewise(ROR, 11))
                    .lanewise(XOR, xb.lanewise(ROR, 25)))
            .add(xc.lanewise(XOR, xd).and(xb).lanewise(XOR, xd));
    IntVector y3 =
        ye.add(IntVector.fromArray(INTS, kw, at + 3 * COUNT + LANES))
            .add(
                yb.lanewise(ROR, 6)
                    .lanewise(XOR, yb.lanewise(ROR, 11))
                    .lanewise(XOR, yb.lanewise(ROR, 25)))
            .add(yc.lanewise(XOR, yd).and(yb).lanewise(XOR, yd));
    xa = xa.add(x3);
    xe =
        xf.lanewise(ROR, 2)
            .lanewise(XOR, xf.lanewise(ROR, 13))
            .lanewise(XOR, xf.lanewise(ROR, 22))
            .add(xf.lanewise(XOR, xg).and(xf.lanewise(XOR, xh)).lanewise(XOR, xf))
            .add(x3);
    ya = ya.add(y3);
    ye =
        yf.lanewise(ROR, 2)
            .lanewise(XOR, yf.lanewise(ROR, 13))
            .lanewise(XOR, yf.lanewise(ROR, 22))
            .add(yf.lanewise(XOR, yg).and(yf.lanewise(XOR, yh)).lanewise(XOR, yf))
            .add(y3);
    xe.intoArray(state, 0);
    xf.intoArray(state, COUNT);
    xg.intoArray(state, 2 * COUNT);
    xh.intoArray(state, 3 * COUNT);
    xa.intoArray(state, 4 * COUNT);
    xb.intoArray(state, 5 * COUNT);
    xc.intoArray(state, 6 * COUNT);
    xd.intoArray(state, 7 * COUNT);
    ye.intoArray(state, LANES);
    yf.intoArray(state, COUNT + LANES);
    yg.intoArray(state, 2 * COUNT + LANES);
    yh.intoArray(state, 3 * COUNT + LANES);
    ya.intoArray(state, 4 * COUNT + LANES);
    yb.intoArray(state, 5 * COUNT + LANES);
    yc.intoArray(state, 6 * COUNT + LANES);
    yd.intoArray(state, 7 * COUNT + LANES);
  }
}
