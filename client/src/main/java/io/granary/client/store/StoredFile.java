package io.granary.client.store;

import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.DealId;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * A file as the catalogue keeps it.
 *
 * @param name its name
 * @param pieceCid version 2 Piece CID, which carries root and size
 * @param bytes its size
 * @param complete true once all replicas were active
 * @param deals its deals
 */
public record StoredFile(
    String name, String pieceCid, long bytes, boolean complete, List<StoredDeal> deals) {
  /**
   * One replica.
   *
   * @param dealId its deal
   * @param miner who stores it
   * @param proposal serialized {@code SignedProposal} in Base64, to resume or cancel
   * @param abandoned true when the miner failed and another took its place
   */
  public record StoredDeal(String dealId, String miner, String proposal, boolean abandoned) {
    /** A deal that is about to be proposed. */
    public static StoredDeal of(DealId id, SignedProposal proposal) {
      return new StoredDeal(
          id.toString(),
          proposal.proposal().miner().toString(),
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
      return new StoredDeal(dealId, miner, proposal, now);
    }
  }

  /** With other deals. */
  public StoredFile withDeals(List<StoredDeal> others) {
    return new StoredFile(name, pieceCid, bytes, complete, List.copyOf(others));
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

  /** As complete. */
  public StoredFile completed() {
    return new StoredFile(name, pieceCid, bytes, true, deals);
  }
}
