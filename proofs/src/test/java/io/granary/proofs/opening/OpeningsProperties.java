package io.granary.proofs.opening;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.proofs.NaiveTree;
import io.granary.proofs.Sha256;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.challenge.ProvingSet;
import io.granary.proofs.challenge.SetEntry;
import io.granary.proofs.seal.SealProfile;
import io.granary.proofs.tree.Opening;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The packed forms that contract and auditor read: round trips, and no byte of them is idle. */
class OpeningsProperties {
  private static final Hash32 DEAL = Sha256.hash(new byte[] {1});

  /** A deal made by the naive reference alone. */
  private record Deal(List<byte[]> piece, List<byte[]> sealed) {
    static Deal of(int bytes, long seed) {
      List<byte[]> piece = NaiveTree.leaves(NaiveTree.random(bytes, seed));
      List<byte[]> sealed = new ArrayList<>();
      for (int i = 0; i < piece.size(); i++) {
        byte[] leaf = piece.get(i).clone();
        byte[] mask = Sha256.hash(DEAL.bytes(), ByteBuffer.allocate(8).putLong(i).array()).bytes();
        for (int b = 0; b < 32; b++) {
          leaf[b] ^= mask[b];
        }
        sealed.add(leaf);
      }
      return new Deal(piece, sealed);
    }

    DualOpening open(long leaf) {
      return new DualOpening(
          leaf,
          Opening.of(NaiveTree.opening(piece, leaf)),
          Opening.of(NaiveTree.opening(sealed, leaf)));
    }

    DualVerifier verifier() {
      return new DualVerifier(
          DEAL, SealProfile.STREAM, NaiveTree.root(piece), NaiveTree.root(sealed), piece.size());
    }
  }

  @Property(tries = 60)
  void dual_openings_come_back_and_every_changed_byte_is_told(
      @ForAll @IntRange(min = 1, max = 2_000) int bytes,
      @ForAll @IntRange(max = 1 << 30) int flip) {
    Deal deal = Deal.of(bytes, bytes);
    long leafCount = deal.piece().size();
    List<Long> positions = Positions.audit(Hash32.ZERO, DEAL, leafCount);
    List<DualOpening> openings = positions.stream().map(deal::open).toList();
    byte[] packed = DualOpening.pack(openings);
    assertEquals(openings, DualOpening.unpack(positions, leafCount, packed));
    assertEquals(new DualVerifier.Verdict.Ok(), deal.verifier().verify(positions, openings));

    byte[] changed = packed.clone();
    changed[flip % packed.length] ^= 1;
    List<DualOpening> wrong = DualOpening.unpack(positions, leafCount, changed);
    DualVerifier.Verdict.Wrong verdict =
        assertInstanceOf(
            DualVerifier.Verdict.Wrong.class, deal.verifier().verify(positions, wrong));
    assertEquals(flip % packed.length / (packed.length / 4), verdict.opening());
    assertNotEquals(DualOpening.hash(openings), DualOpening.hash(wrong));
  }

  @Property(tries = 40)
  void the_openings_hash_is_that_of_the_protocol(
      @ForAll @IntRange(min = 1, max = 900) int bytes, @ForAll @IntRange(max = 1 << 20) int leaf) {
    Deal deal = Deal.of(bytes, 1);
    long index = leaf % deal.piece().size();
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.writeBytes(ByteBuffer.allocate(8).putLong(index).array());
    message.writeBytes(NaiveTree.opening(deal.piece(), index));
    message.writeBytes(NaiveTree.opening(deal.sealed(), index));
    assertEquals(Sha256.hash(message.toByteArray()), DualOpening.hash(List.of(deal.open(index))));
  }

  @Property(tries = 40)
  void openings_of_draws_come_back_and_every_changed_byte_is_told(
      @ForAll @IntRange(min = 1, max = 1_500) int bytes,
      @ForAll @IntRange(min = 1, max = 6) int k,
      @ForAll @IntRange(max = 1 << 30) int flip) {
    Deal one = Deal.of(bytes, 1);
    Deal two = Deal.of(3 * bytes, 2);
    ProvingSet set = new ProvingSet();
    Hash32 other = Sha256.hash(new byte[] {2});
    set.append(new SetEntry(DEAL, NaiveTree.root(one.sealed()), one.sealed().size(), 9));
    set.append(new SetEntry(other, NaiveTree.root(two.sealed()), two.sealed().size(), 9));
    List<ProvingSet.Draw> draws = set.draw(Sha256.hash(new byte[] {(byte) bytes}), 3, k);
    List<Opening> openings =
        draws.stream()
            .map(d -> d.entry().dealId().equals(DEAL) ? one.open(d.leaf()) : two.open(d.leaf()))
            .map(DualOpening::sealed)
            .toList();
    byte[] packed = DrawOpenings.pack(openings);
    assertEquals(openings, DrawOpenings.unpack(draws, packed));
    assertEquals(new DualVerifier.Verdict.Ok(), DrawOpenings.verify(draws, openings));
    packed[flip % packed.length] ^= 2;
    assertInstanceOf(
        DualVerifier.Verdict.Wrong.class,
        DrawOpenings.verify(draws, DrawOpenings.unpack(draws, packed)));
    assertInstanceOf(
        DualVerifier.Verdict.Wrong.class, DrawOpenings.verify(draws, openings.subList(0, k - 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> DrawOpenings.unpack(draws, Arrays.copyOf(packed, packed.length - 32)));
  }

  @Property(tries = 300)
  void arbitrary_bytes_decode_or_are_refused_with_their_length(
      @ForAll @Size(max = 1_300) byte[] bytes,
      @ForAll @IntRange(min = 1, max = 1 << 20) int leafCount) {
    try {
      assertTrue(DualOpening.unpack(List.of(0L), leafCount, bytes).size() == 1);
    } catch (IllegalArgumentException expected) {
      assertTrue(expected.getMessage().contains("" + bytes.length), expected.getMessage());
    }
    try {
      assertEquals(bytes.length, Opening.of(bytes).packed().length);
    } catch (IllegalArgumentException expected) {
      assertTrue(expected.getMessage().contains("" + bytes.length), expected.getMessage());
    }
  }
}
