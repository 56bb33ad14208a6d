package io.granary.client;

import io.granary.client.store.StoredFile;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.util.Optional;

/**
 * A proposal that this wallet signed, and what became of it.
 *
 * @param file name of the file
 * @param id its id
 * @param abandoned true when the miner failed and another took its place
 * @param proposal its terms
 * @param onChain the deal as the contract has it; empty when nobody published it
 * @param head newest block when this was read
 */
public record ListedDeal(
    String file,
    DealId id,
    boolean abandoned,
    DealProposal proposal,
    Optional<DealSnapshot> onChain,
    BlockNumber head) {
  static ListedDeal of(StoredFile file, StoredFile.StoredDeal deal, ClientPorts ports) {
    DealId id = DealId.parse(deal.dealId());
    // The head first: a deal that is published in between is then on chain, not open.
    BlockNumber head = ports.chain().head().number();
    return new ListedDeal(
        file.name(),
        id,
        deal.abandoned(),
        deal.signedProposal().proposal(),
        ports.reader().deal(id),
        head);
  }

  /** True while the miner can publish it, whatever the client thinks of it by now. */
  public boolean isOpen() {
    return onChain.isEmpty() && proposal.publishBy().isAfter(head);
  }

  /** True when it binds the client's tokens. */
  public boolean isLive() {
    return onChain
        .map(DealSnapshot::state)
        .filter(s -> s != DealState.NONE && !s.isFinal())
        .isPresent();
  }

  /**
   * The contract's state; before that PROPOSED or ABANDONED while it can be published, or LAPSED.
   */
  public String state() {
    if (onChain.isPresent()) {
      return onChain.get().state().toString();
    }
    if (!isOpen()) {
      return "LAPSED";
    }
    return abandoned ? "ABANDONED" : "PROPOSED";
  }
}
