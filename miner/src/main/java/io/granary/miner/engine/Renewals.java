package io.granary.miner.engine;

import io.granary.miner.AskPolicy;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.BatchItem;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Decides about extensions (Protocol §3.6) and sends at once what it takes. Whatever the market
 * would skip is refused before a transaction is paid for.
 */
public final class Renewals {
  /** Blocks that the transaction may need. */
  private static final long SEND_BLOCKS = 5;

  private final MinerPorts ports;
  private final Address miner;
  private final Intake intake;
  private final DealBook book;
  private final OperatorLog log;
  private final Set<DealId> sending = ConcurrentHashMap.newKeySet();

  /** Of one miner, at its ask. */
  public Renewals(MinerPorts ports, Address miner, Intake intake, DealBook book, OperatorLog log) {
    this.ports = ports;
    this.miner = miner;
    this.intake = intake;
    this.book = book;
    this.log = log;
  }

  /** What became of an extension. */
  public sealed interface Decision {
    /** On chain, by that transaction. */
    record Renewed(TxHash transaction) implements Decision {}

    /** Not taken, and what would have been. */
    record Declined(Refusal refusal) implements Decision {}
  }

  /**
   * Decides, and returns when the deal is extended or will not be.
   *
   * @param caller who calls; only the deal's client extends it
   */
  public Decision renew(SignedExtension signed, Address caller) {
    DealId id = signed.extension().dealId();
    Optional<StoredDeal> deal = book.find(id).filter(d -> !d.isOver());
    if (deal.isEmpty()) {
      return declined("UNKNOWN_DEAL", "this miner has no such deal that goes on", id, "");
    }
    Address client = deal.get().terms().client();
    if (!caller.equals(client)) {
      return declined(
          "NOT_CLIENT",
          "only the deal's client extends it: sign the call with its key",
          caller,
          client);
    }
    // The same offer twice at once would pay for a transaction that the market skips.
    if (!sending.add(id)) {
      return declined("BUSY", "an extension of this deal is being sent; look at the deal", id, "");
    }
    try {
      Optional<Refusal> refusal = refuse(signed, deal.get());
      return refusal.isPresent() ? new Decision.Declined(refusal.get()) : send(signed);
    } finally {
      sending.remove(id);
    }
  }

  private Decision send(SignedExtension signed) {
    BatchResult result = ports.market().extend(List.of(signed));
    return switch (result.tx()) {
      case TxResult.Refused refused -> {
        log.refused("extend", refused);
        yield declined("NOT_SENT", refused.error() + ": " + refused.message(), "", "");
      }
      case TxResult.Confirmed tx -> {
        log.sent("extend", 1, tx);
        BatchItem item = result.items().getFirst();
        if (item.ok()) {
          yield new Decision.Renewed(tx.hash());
        }
        log.skipped("extend", item.dealId(), item.skipped());
        yield declined("SKIPPED", "the market did not take it: " + item.skipped(), "", "");
      }
    };
  }

  private static Decision declined(String code, String message, Object actual, Object acceptable) {
    return new Decision.Declined(refusal(code, message, actual, acceptable));
  }

  private static Refusal refusal(String code, String message, Object actual, Object acceptable) {
    return new Refusal(code, message, String.valueOf(actual), String.valueOf(acceptable));
  }

  private static Optional<Refusal> no(
      String code, String message, Object actual, Object acceptable) {
    return Optional.of(refusal(code, message, actual, acceptable));
  }

  /** What needs no question to the chain comes first. */
  private Optional<Refusal> refuse(SignedExtension signed, StoredDeal deal) {
    Extension e = signed.extension();
    Address client = deal.terms().client();
    if (Signatures.recover(Eip712.extension(ports.reader().terms().domain(), e), signed.signature())
        .filter(client::equals)
        .isEmpty()) {
      return no("BAD_SIGNATURE", "the extension is not signed by the deal's client", "", client);
    }
    Optional<Refusal> unwanted = intake.refuseClient(client);
    if (unwanted.isPresent()) {
      return unwanted;
    }
    Optional<DealSnapshot> chain =
        ports.reader().deal(e.dealId()).filter(d -> d.state() == DealState.ACTIVE && !d.removed());
    if (chain.isEmpty()) {
      return no(
          "NOT_ACTIVE", "only an active deal can be extended; propose a new one", e.dealId(), "");
    }
    DealSnapshot d = chain.get();
    return refuseTerms(e, deal, d)
        .or(this::refuseOwnStanding)
        .or(() -> refuseHandOver(d))
        .or(() -> refuseTime(e, d))
        .or(() -> refuseMoney(e, d));
  }

  private Optional<Refusal> refuseTerms(Extension e, StoredDeal deal, DealSnapshot d) {
    if (!e.oldEnd().equals(d.end())) {
      return no("END_MOVED", "the deal has another end by now", e.oldEnd(), d.end());
    }
    if (d.noticed()) {
      return no("NOTICED", "its client gave notice, which is final; propose a new one", "", "");
    }
    MarketTerms terms = ports.reader().terms();
    long more = Math.max(1, e.newEnd().index() - e.oldEnd().index());
    AskPolicy ask = intake.policy(deal.terms().size().bytes(), more);
    // Each extension is a transaction of the miner's: it has to be worth it like a deal.
    long most = Math.min(ask.maxPeriods(), terms.maxPeriods());
    long first = d.end().index() + Math.max(1, ask.minPeriods());
    long last = d.cursor().index() + most;
    if (e.newEnd().index() < first || e.newEnd().index() > last) {
      return no(
          "PERIODS",
          "the new end is outside the lengths this miner takes",
          e.newEnd(),
          first + " to " + last);
    }
    TokenAmount perLeaf =
        ask.pricePerLeafPeriod().isLessThan(terms.minPricePerLeafPeriod())
            ? terms.minPricePerLeafPeriod()
            : ask.pricePerLeafPeriod();
    TokenAmount least = Pricing.price(perLeaf, deal.terms().size(), 1);
    if (e.pricePerPeriod().isLessThan(least)) {
      return no(
          "PRICE",
          "the price of a period is below the ask",
          e.pricePerPeriod().units(),
          "at least " + least.units());
    }
    return refuseCollateral(e, deal, d, ask, terms);
  }

  private static Optional<Refusal> refuseCollateral(
      Extension e, StoredDeal deal, DealSnapshot d, AskPolicy ask, MarketTerms terms) {
    TokenAmount price = e.pricePerPeriod();
    TokenAmount floor = Pricing.leastCollateral(terms, price, deal.terms().size(), 1);
    TokenAmount ceiling =
        Pricing.collateral(terms, ask.collateralPerLeaf(), price, deal.terms().size(), 1);
    // What the deal holds already counts, and nothing of it comes out.
    boolean tooLittle = e.collateral().isLessThan(floor) && d.collateral().isLessThan(floor);
    boolean tooMuch =
        ceiling.isLessThan(e.collateral()) && d.collateral().isLessThan(e.collateral());
    return tooLittle || tooMuch
        ? no(
            "COLLATERAL",
            "the collateral is not what the ask offers",
            e.collateral().units(),
            floor.units() + " to " + ceiling.units())
        : Optional.empty();
  }

  private Optional<Refusal> refuseOwnStanding() {
    return ports.directory().miner(miner).filter(m -> m.accepting() && !m.exiting()).isPresent()
        ? Optional.empty()
        : no("NOT_ACCEPTING", "this miner prolongs no deals at the moment", miner, "");
  }

  /** The deal that may replace it counts on its escrow (Protocol §3.9). */
  private Optional<Refusal> refuseHandOver(DealSnapshot d) {
    return ports.reader().handOver(d.id()).pending()
        ? no("HAND_OVER", "the deal is being handed over to another miner", d.id(), "")
        : Optional.empty();
  }

  private Optional<Refusal> refuseTime(Extension e, DealSnapshot d) {
    long head = ports.chain().head().number().value();
    if (e.executeBy().value() < head + SEND_BLOCKS) {
      return no(
          "EXECUTE_BY",
          "too few blocks are left to send it",
          e.executeBy(),
          "at least " + (head + SEND_BLOCKS));
    }
    PeriodClock clock = ports.reader().clock(miner);
    long period = clock.periodAt(head + 1);
    if (period >= d.end().index()) {
      return no("OVER", "the deal's last period is over; propose a new one", d.end(), "");
    }
    // That of the next block; a deal in it means that the set is not empty.
    boolean frozen =
        head + 1 >= clock.challengeBlock(period)
            && !ports.reader().isDecided(miner, new Period(period));
    return frozen
        ? no(
            "SET_FROZEN",
            "no deal can be extended between a period's challenge and its proof; come back",
            "block " + head,
            "when period "
                + period
                + " is proved, at the latest from block "
                + clock.periodEnd(period)
                + " on")
        : Optional.empty();
  }

  private Optional<Refusal> refuseMoney(Extension e, DealSnapshot d) {
    AccountBalance client = ports.reader().account(d.client());
    TokenAmount unlocked =
        client.balance().isLessThan(client.requested())
            ? TokenAmount.ZERO
            : client.balance().minus(client.requested());
    PeriodClock clock = ports.reader().clock(miner);
    long next = ports.chain().head().number().value() + 1;
    long period = clock.periodAt(next);
    // An excused period is settled at once, at the old price.
    long duty =
        ports.reader().isExcused(miner, new Period(period)) ? period + 1 : clock.nextDuty(next);
    long from = Math.min(d.end().index(), Math.max(d.cursor().index(), duty));
    TokenAmount price = e.pricePerPeriod().times(e.newEnd().index() - from);
    TokenAmount carried = Pricing.worth(d.price(), d.end().index() - from, d.periods());
    TokenAmount due = price.isLessThan(carried) ? TokenAmount.ZERO : price.minus(carried);
    if (unlocked.isLessThan(due)) {
      return no(
          "CLIENT_ESCROW",
          "the client's unlocked balance, less what it has announced to withdraw, is below what"
              + " the extension adds to the price: deposit more",
          unlocked.units(),
          "at least " + due.units());
    }
    TokenAmount own = ports.reader().account(miner).balance();
    TokenAmount topUp =
        d.collateral().isLessThan(e.collateral())
            ? e.collateral().minus(d.collateral())
            : TokenAmount.ZERO;
    return own.isLessThan(topUp)
        ? no(
            "MINER_COLLATERAL",
            "this miner has too little unlocked for the collateral now; come back later",
            topUp.units(),
            "at most " + own.units())
        : Optional.empty();
  }
}
