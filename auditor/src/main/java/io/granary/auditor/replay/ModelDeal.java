package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * One deal in the model. Price, periods, proved, missed and excused are those since the last
 * extension, notice or hand-over, or of the whole deal when there was none (Protocol §3.6, §3.7,
 * §3.9).
 */
final class ModelDeal {
  final DealId id;
  final DealProposal terms;
  final Hash32 sealedRoot;
  final long sealBlock;
  private final MarketTerms market;
  DealState state = DealState.PUBLISHED;
  TokenAmount price;
  long periods;
  BigInteger slashPerMiss;
  BigInteger faultFee;
  BigInteger collateral;
  BigInteger paid = BigInteger.ZERO;
  BigInteger refunded = BigInteger.ZERO;
  BigInteger slashed = BigInteger.ZERO;
  long start;
  long end;
  long cursor;
  long proved;
  long missed;
  long excused;
  long provedBefore;
  long missedBefore;
  long run;

  /** First period of the declared fault; only while faulty. */
  long faultySince;

  /** Its client has given notice: no extension any more. */
  boolean noticed;

  /** What is locked for the price while the deal is published (Protocol §3.9). */
  BigInteger held;

  /** The last deal that was published to replace it. */
  @Nullable ModelDeal successor;

  /** Its miner wants no notice if it is handed over. */
  boolean waived;

  /** It has taken over the deal that it replaces, in the transaction of its activation. */
  boolean tookOver;

  /** Its unspent price is in the lock of its successor, just before it is terminated. */
  boolean escrowMoved;

  /** Both sides have agreed to end it: nothing is locked for its price, and nothing is held. */
  boolean endedByBoth;

  /** Why it is forfeit, apart from a default (Protocol §6.1, §6.2). */
  enum Forfeit {
    NONE,
    UNANSWERED,
    DISPUTED
  }

  Forfeit forfeit = Forfeit.NONE;

  ModelDeal(
      DealId id,
      DealProposal terms,
      Hash32 sealedRoot,
      long sealBlock,
      MarketTerms market,
      BigInteger held) {
    this.id = id;
    this.terms = terms;
    this.sealedRoot = sealedRoot;
    this.sealBlock = sealBlock;
    this.market = market;
    this.held = held;
    this.collateral = terms.collateral().units();
    this.price = terms.price();
    this.periods = terms.periods();
    this.slashPerMiss = Pricing.slashPerMiss(price, periods, market.missPenaltyBps()).units();
    this.faultFee = Pricing.faultFee(price, periods, market).units();
  }

  /**
   * Nothing more is settled: too many misses in a row, or a fault too long or no longer paid for.
   */
  boolean defaulted() {
    return state == DealState.FAULTY
        ? cursor - faultySince > market.maxFaultyPeriods() || collateral.signum() == 0
        : run > market.maxMissRun();
  }

  /** Counts anew from the cursor on, to a later or nearer end. */
  void countAnew(long newEnd, TokenAmount newPrice) {
    provedBefore += proved;
    missedBefore += missed;
    proved = 0;
    missed = 0;
    excused = 0;
    end = newEnd;
    price = newPrice;
    periods = newEnd - cursor;
    // Handed over without notice, it has no period left that could be missed.
    slashPerMiss =
        periods == 0
            ? BigInteger.ZERO
            : Pricing.slashPerMiss(price, periods, market.missPenaltyBps()).units();
    faultFee = periods == 0 ? BigInteger.ZERO : Pricing.faultFee(price, periods, market).units();
  }

  /** ⌊price · n / periods⌋. */
  BigInteger share(long n) {
    return price.units().multiply(BigInteger.valueOf(n)).divide(BigInteger.valueOf(periods));
  }

  BigInteger unspent() {
    if (endedByBoth || periods == 0) {
      return BigInteger.ZERO;
    }
    if (state == DealState.PUBLISHED) {
      return held;
    }
    return price.units().subtract(share(proved)).subtract(share(unproved()));
  }

  /** Settled periods whose price the client has back. */
  long unproved() {
    return missed + excused;
  }

  long provedInAll() {
    return provedBefore + proved;
  }

  long missedInAll() {
    return missedBefore + missed;
  }
}
