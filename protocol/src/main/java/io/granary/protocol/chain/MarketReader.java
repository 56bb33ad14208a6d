package io.granary.protocol.chain;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.HandOver;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The market's state at the head. Every method throws {@link ChainUnavailableException}. */
public interface MarketReader {
  /** The market's immutable parameters; cached. */
  MarketTerms terms();

  /** The period clock of a miner (Protocol §5.1); computed, no call. */
  PeriodClock clock(Address miner);

  /** A deal; empty when its id was never seen. */
  Optional<DealSnapshot> deal(DealId id);

  /** Many deals, in few calls; those whose ids were never seen are not in it. */
  default Map<DealId, DealSnapshot> deals(Collection<DealId> ids) {
    Map<DealId, DealSnapshot> found = new LinkedHashMap<>();
    ids.forEach(id -> deal(id).ifPresent(d -> found.put(id, d)));
    return found;
  }

  /** How it stands with the hand-over of a deal (Protocol §3.9). */
  HandOver handOver(DealId id);

  /** Whether a proposal can replace the deal that it names, and what that is good for. */
  Cover coverOf(DealProposal proposal);

  /** The unlocked balance and announced withdrawal of an account. */
  AccountBalance account(Address owner);

  /** Tokens outside the market. */
  TokenAmount walletBalance(Address owner);

  /** Tokens burned so far; the market holds them, owned by nobody. */
  TokenAmount burned();

  /** True when the miner's bit for the period is set. */
  boolean isProved(Address miner, Period period);

  /** True when the miner has announced the period as maintenance (Protocol §5.7). */
  boolean isExcused(Address miner, Period period);

  /** True when nothing more can come of the period: it is proved or excused. */
  default boolean isDecided(Address miner, Period period) {
    return isProved(miner, period) || isExcused(miner, period);
  }

  /** True while nothing may enter or leave the miner's proving set (Protocol §5.4). */
  boolean isFrozen(Address miner);

  /** What a draw is taken modulo; zero: no duty. Less than 2^59. */
  long setWeight(Address miner);

  /**
   * What the market's seed source says of a block (Protocol §5.6), re-derived from the chain's
   * blocks however old; empty when it is not fixed yet.
   */
  Optional<Hash32> seedValue(BlockNumber block);

  /**
   * The seed of a period (Protocol §5.3), or empty when the value of its challenge block is not
   * fixed yet.
   */
  Optional<Hash32> periodSeed(Address miner, Period period);

  /** The seal seed of a published deal (Protocol §4), or empty as above. */
  Optional<Hash32> sealSeed(DealId id, BlockNumber sealBlock);

  /**
   * The seed of a faulty deal's recovery that the challenge block of a period draws (Protocol
   * §5.8), or empty as above.
   */
  Optional<Hash32> recoverySeed(DealId id, Address miner, Period drawnBy);

  /**
   * What {@link MinerMarket#prove} will have to open now, in order; empty when the miner's set has
   * no weight, the window of the period is not open, or the seed is not fixed yet.
   *
   * @throws TxRefusedException when the contract cannot draw, for example because only ended
   *     entries are left in the set
   */
  List<DrawnLeaf> drawnLeaves(Address miner, Period period);

  /** The demands on these deals that are not closed (Protocol §6.1), in their order. */
  List<OpenDemand> demands(List<DealId> deals);

  /** Least bond of a demand in the next block, wei. */
  BigInteger leastBond();

  /** Wei of bonds that an account may withdraw. */
  BigInteger etherOf(Address account);
}
