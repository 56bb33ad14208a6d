package io.granary.client.store;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.granary.proofs.piece.PieceCid;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file as the catalogue keeps it. What miners store is its pieces: the file itself, or encrypted,
 * and cut into shards of which any {@code data} give it back (docs/file-format.md).
 *
 * @param name its name
 * @param contentCid version 2 Piece CID of the file's own bytes; that of an encrypted file is
 *     nowhere but here. Older catalogues call it {@code pieceCid}
 * @param bytes its size
 * @param encryption how it is read again; null when its pieces are for everyone's eyes
 * @param data so many pieces give the file back
 * @param copies deals that each piece is to have
 * @param pieces version 2 Piece CIDs, which carry root and size
 * @param complete true once all deals that were asked for were active
 * @param deals its deals
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StoredFile(
    String name,
    @JsonAlias("pieceCid") String contentCid,
    long bytes,
    @Nullable Encryption encryption,
    int data,
    int copies,
    List<String> pieces,
    boolean complete,
    List<StoredDeal> deals) {

  /** Entries of older catalogues have none of the three: their one piece is the file. */
  public StoredFile {
    data = data == 0 ? 1 : data;
    copies =
        copies == 0
            ? (int) Math.max(1, deals.stream().filter(d -> !d.abandoned()).count())
            : copies;
    pieces = pieces == null ? List.of(contentCid) : List.copyOf(pieces);
  }

  /**
   * What its owner needs to decrypt a file, apart from the wallet.
   *
   * @param id of the file, 16 random bytes in hex, bound to each of its segments
   * @param key the file's key, wrapped, in Base64
   */
  public record Encryption(String id, String key) {}

  /**
   * One deal.
   *
   * @param dealId its id
   * @param miner who stores it
   * @param piece which of the file's pieces, from 0
   * @param proposal serialized {@code SignedProposal} in Base64, to resume or cancel
   * @param abandoned true when the miner failed and another took its place
   */
  public record StoredDeal(
      String dealId, String miner, int piece, String proposal, boolean abandoned) {
    /** A deal that is about to be proposed. */
    public static StoredDeal of(DealId id, int piece, SignedProposal proposal) {
      return new StoredDeal(
          id.toString(),
          proposal.proposal().miner().toString(),
          piece,
          Base64.getEncoder().encodeToString(Wire.encode(proposal)),
          false);
    }

    /**
     * The proposal that the miner has.
     *
     * @throws IllegalArgumentException when it is damaged
     */
    public SignedProposal signedProposal() {
      try {
        return Wire.decodeProposal(Base64.getDecoder().decode(proposal));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "the proposal of deal "
                + dealId
                + " in files.json is damaged; restore it from a backup",
            e);
      }
    }

    private StoredDeal abandoned(boolean now) {
      return new StoredDeal(dealId, miner, piece, proposal, now);
    }
  }

  /** The commitment of a piece. */
  public PieceCommitment piece(int index) {
    PieceCid cid = PieceCid.parse(pieces.get(index));
    return new PieceCommitment(cid.root(), cid.rawBytes());
  }

  /** The deals of a piece. */
  public List<StoredDeal> dealsOf(int piece) {
    return deals.stream().filter(d -> d.piece() == piece).toList();
  }

  /** True when its piece is the file as it is. */
  @JsonIgnore
  public boolean isPlain() {
    return encryption == null && pieces.size() == 1;
  }

  /** With other deals. */
  public StoredFile withDeals(List<StoredDeal> others) {
    return new StoredFile(
        name, contentCid, bytes, encryption, data, copies, pieces, complete, List.copyOf(others));
  }

  /** With one more deal. */
  public StoredFile plus(StoredDeal deal) {
    return withDeals(Stream.concat(deals.stream(), Stream.of(deal)).toList());
  }

  /** With a deal given up, or taken up again. */
  public StoredFile abandoned(DealId id, boolean now) {
    return withDeals(
        deals.stream().map(d -> d.dealId().equals(id.toString()) ? d.abandoned(now) : d).toList());
  }

  /** With other numbers of deals for each piece. */
  public StoredFile withCopies(int others) {
    return new StoredFile(
        name, contentCid, bytes, encryption, data, others, pieces, complete, deals);
  }

  /** As complete. */
  public StoredFile completed() {
    return new StoredFile(name, contentCid, bytes, encryption, data, copies, pieces, true, deals);
  }
}
