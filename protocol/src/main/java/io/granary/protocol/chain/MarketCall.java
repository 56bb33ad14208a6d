package io.granary.protocol.chain;

import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.Period;
import java.util.List;

/** Decoded calldata of a transaction that carries openings. */
public sealed interface MarketCall {
  /** {@code prove}. */
  record Prove(Address miner, Period period, byte[] openings) implements MarketCall {}

  /** {@code activateDeals}. */
  record Activate(List<Item> items) implements MarketCall {
    /** One deal of the batch. */
    public record Item(DealProposal proposal, byte[] openings) {}
  }

  /** {@code answerDemands}. */
  record Answer(List<Item> items) implements MarketCall {
    /** One answer of the batch. */
    public record Item(DealProposal proposal, boolean byAuditor, byte[] openings) {}
  }

  /** {@code disputeSeal}. */
  record Dispute(DealProposal proposal, long leaf, byte[] openings) implements MarketCall {}

  /** {@code recover}. */
  record Recover(Activate.Item item) implements MarketCall {}
}
