package io.granary.contracts;

import io.granary.proofs.Hash32;
import java.util.Optional;

/** What a market's seed source says of blocks, and the proof that it wants (Protocol §5.6). */
final class SeedValues {
  private static final byte[] NO_PROOF = new byte[0];

  private final Blocks blocks;
  private final SeedKind kind;
  private final long lookahead;

  /**
   * For a source.
   *
   * @param lag blocks after a block from which the source gives its value; at least 1
   */
  SeedValues(Blocks blocks, SeedKind kind, long lag) {
    this.blocks = blocks;
    this.kind = kind;
    this.lookahead = lag - 1;
  }

  SeedKind kind() {
    return kind;
  }

  /** True when the contract takes no value without a proof. */
  boolean needsProof() {
    return kind != SeedKind.BLOCK_HASH;
  }

  /**
   * The value of a block, on which a majority of the endpoints agrees (docs/adr/0011); empty when
   * it is not fixed yet.
   *
   * @throws io.granary.protocol.chain.ChainUnavailableException when they do not agree
   */
  Optional<Hash32> value(long block) {
    return switch (kind) {
      case BLOCK_HASH -> blocks.agreedHash(block);
      case RANDAO -> blocks.header(block + lookahead).map(BlockHeader::mixHash);
    };
  }

  /** Number of the newest block. */
  long head() {
    return blocks.head().number().value();
  }

  /** The proof of a block's value; no bytes, too, when that is not fixed yet. */
  byte[] proof(long block) {
    return switch (kind) {
      case BLOCK_HASH -> NO_PROOF;
      case RANDAO -> blocks.header(block + lookahead).map(BlockHeader::rlp).orElse(NO_PROOF);
    };
  }
}
