package io.granary.auditor.replay;

import io.granary.proofs.Hash32;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;

/** One deal in the model. */
final class ModelDeal {
  final DealId id;
  final DealProposal terms;
  final Hash32 sealedRoot;
  final long sealBlock;
  final BigInteger slashPerMiss;
  DealState state = DealState.PUBLISHED;
  BigInteger collateral;
  BigInteger paid = BigInteger.ZERO;
  BigInteger slashed = BigInteger.ZERO;
  long start;
  long end;
  long cursor;
  long proved;
  long missed;
  long run;

  ModelDeal(DealId id, DealProposal terms, Hash32 sealedRoot, long sealBlock, int penaltyBps) {
    this.id = id;
    this.terms = terms;
    this.sealedRoot = sealedRoot;
    this.sealBlock = sealBlock;
    this.collateral = terms.collateral().units();
    this.slashPerMiss = Pricing.slashPerMiss(terms.price(), terms.periods(), penaltyBps).units();
  }

  /** ⌊price · n / periods⌋. */
  BigInteger share(long n) {
    return terms
        .price()
        .units()
        .multiply(BigInteger.valueOf(n))
        .divide(BigInteger.valueOf(terms.periods()));
  }

  BigInteger unspent() {
    return terms.price().units().subtract(share(proved)).subtract(share(missed));
  }
}
