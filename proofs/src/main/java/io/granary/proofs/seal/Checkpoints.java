package io.granary.proofs.seal;

import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** Where a sealing remembers what of it is durable, so that the next one can go on from there. */
public interface Checkpoints {
  /**
   * The ranges that earlier runs have noted, in any order. They are believed only after their bytes
   * and roots were read back.
   */
  Collection<SealedRange> taken();

  /**
   * Notes a range, durably. Its bytes are durable already when this is called; it comes from one
   * thread at a time.
   *
   * @throws IOException when that fails, which ends the sealing
   */
  void take(SealedRange range) throws IOException;

  /**
   * Says how a run begins, when there was anything to go on from.
   *
   * @param kept ranges that are as they were noted
   * @param spoiled ranges that are not, and are sealed again
   */
  void resuming(int kept, int spoiled);

  /** Remembers nothing: for work that begins anew when it is cut off. */
  static Checkpoints none() {
    return new Checkpoints() {
      @Override
      public Collection<SealedRange> taken() {
        return List.of();
      }

      @Override
      public void take(SealedRange range) {
        // Nobody will ask.
      }

      @Override
      public void resuming(int kept, int spoiled) {
        throw new IllegalStateException("nothing was noted, so nothing can be resumed");
      }
    };
  }
}
