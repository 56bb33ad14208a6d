package io.granary.protocol.chain;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.util.List;

/**
 * What a miner's operator sends. Each call blocks until its transaction is confirmed or refused,
 * and throws {@link ChainUnavailableException} when neither can be learned; trying again is safe.
 */
public interface MinerMarket {
  /** One deal to publish. */
  record Publication(SignedProposal proposal, Hash32 sealedRoot) {}

  /**
   * One deal to activate.
   *
   * @param proposal its terms
   * @param openings packed as the contract wants them (Protocol §4)
   */
  record Activation(DealProposal proposal, byte[] openings) {}

  /**
   * The answer to one demand.
   *
   * @param proposal the deal's terms
   * @param byAuditor whose demand
   * @param openings piece leaf and path, sealed leaf and path of the demanded leaf
   */
  record Answer(DealProposal proposal, boolean byAuditor, byte[] openings) {}

  /** Publishes deals (Protocol §3.3). */
  BatchResult publish(List<Publication> deals);

  /** Activates deals (Protocol §4). */
  BatchResult activate(List<Activation> deals);

  /**
   * Settles active deals and extends them as their clients signed (Protocol §3.6). The owner may
   * send it too.
   */
  BatchResult extend(List<SignedExtension> deals);

  /**
   * Ends an active deal early as its client signed: by a consent at once, without slash, or by a
   * notice, which anyone may relay (Protocol §3.7). The owner may send it too.
   */
  TxResult endEarly(SignedEarlyEnd end);

  /**
   * Proves a period for all of a miner's deals.
   *
   * @param openings packed leaf and path for each drawn leaf (Protocol §5.3)
   * @param urgency until when, and what a miss would cost
   */
  TxResult prove(Address miner, Period period, byte[] openings, Urgency urgency);

  /** The same at any time, at the network's fees. */
  default TxResult prove(Address miner, Period period, byte[] openings) {
    return prove(miner, period, openings, Urgency.none());
  }

  /**
   * Declares that replicas cannot be proved (Protocol §5.8), all or none. The owner may send it
   * too.
   */
  TxResult declareFaults(List<DealId> deals);

  /**
   * Puts a faulty deal back into the proving set (Protocol §5.8), with what the latest challenge
   * block draws opened as at activation. The owner may send it too.
   */
  TxResult recover(Activation deal);

  /**
   * Excuses whole periods to come (Protocol §5.7); cannot be taken back. The owner may send it too.
   */
  TxResult announceMaintenance(Address miner, Period first, long count);

  /** Answers demands (Protocol §6.1); one item of the result for each, in their order. */
  BatchResult answer(List<Answer> answers, Urgency urgency);

  /** The same at any time, at the network's fees. */
  default BatchResult answer(List<Answer> answers) {
    return answer(answers, Urgency.none());
  }

  /**
   * Agrees, for good, that active deals end without notice if they are handed over (Protocol §3.9).
   * The owner may send it too.
   */
  TxResult waiveNotice(List<DealId> deals);

  /** Settles closed periods of deals (Protocol §5.5). */
  TxResult settle(List<DealId> deals);

  /** Ends a deal that has run its course. */
  TxResult complete(DealId deal);

  /** Ends a deal that was not activated in time. */
  TxResult expire(DealId deal);

  /** Ends a defaulted deal. */
  TxResult terminate(DealId deal);

  /** Removes ended entries from proving sets. */
  TxResult purge(List<DealId> deals);

  /**
   * Brings to an end what was begun and nobody waits for: after a restart, or when a call gave up.
   * Whoever decides by the state of the chain what to send calls it first, unless it would send the
   * same bytes as before, which are found. Returns at once when there is nothing.
   */
  default void finishBegun() {}

  /** What was sent and is not confirmed, lowest nonce first. */
  default List<UnderWay> underWay() {
    return List.of();
  }
}
