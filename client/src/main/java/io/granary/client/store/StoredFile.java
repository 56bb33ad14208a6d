package io.granary.client.store;

import java.util.List;

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
  public record StoredDeal(String dealId, String miner, String proposal, boolean abandoned) {}

  /** With other deals. */
  public StoredFile withDeals(List<StoredDeal> others) {
    return new StoredFile(name, pieceCid, bytes, complete, List.copyOf(others));
  }

  /** As complete. */
  public StoredFile completed() {
    return new StoredFile(name, pieceCid, bytes, true, deals);
  }
}
