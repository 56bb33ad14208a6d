package io.granary.proofs.hash;

/** 32 nodes at a time; what is left over goes to the other engine. */
final class LaneNodeHasher implements NodeHasher {
  private final NodeHasher rest = new MessageDigestNodeHasher();
  private final Sha256Lanes lanes = new Sha256Lanes();

  @Override
  public void hash(byte[] in, int inOffset, byte[] out, int outOffset, int count) {
    int whole = count - count % Sha256Lanes.COUNT;
    for (int i = 0; i < whole; i += Sha256Lanes.COUNT) {
      lanes.nodes(in, inOffset + 64 * i, out, outOffset + 32 * i);
    }
    rest.hash(in, inOffset + 64 * whole, out, outOffset + 32 * whole, count - whole);
  }
}
