package io.granary.miner.testing;

import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.challenge.ProvingSet;
import io.granary.proofs.challenge.SetEntry;
import io.granary.proofs.opening.DualOpening;
import io.granary.proofs.opening.DualVerifier;
import io.granary.proofs.tree.Opening;
import io.granary.proofs.tree.TreeShape;
import io.granary.protocol.chain.BatchItem;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the miner sends to the model chain: everything is checked and takes effect at once, in the
 * next block.
 */
public final class ModelMarket implements MinerMarket {
  private final ModelChain chain;

  /** Proofs that were sent and did not hold; no miner may ever send one. */
  public final AtomicInteger wrongProofs = new AtomicInteger();

  /** So many proofs wait until a reorg changes their seed. */
  public final AtomicInteger outdatedProofs = new AtomicInteger();

  /** Answers in each transaction that answered demands. */
  public final List<Integer> answerSizes = new CopyOnWriteArrayList<>();

  /** Periods proved. */
  public final AtomicInteger proofs = new AtomicInteger();

  /** Publications and completions that took effect, by name, in their order. */
  public final List<String> sent = new CopyOnWriteArrayList<>();

  private volatile Runnable beforeCompleting = () -> {};
  private volatile Runnable beforeProving = () -> {};
  private volatile String refusePublishing = "";
  private volatile boolean holdActivation;

  /** On a chain. */
  public ModelMarket(ModelChain chain) {
    this.chain = chain;
  }

  /** Skips each publication for a reason; empty: takes them. */
  public void skipPublications(String reason) {
    refusePublishing = reason;
  }

  /** Skips each activation, or takes them. */
  public void holdActivations(boolean hold) {
    holdActivation = hold;
  }

  /** Does something each time before a deal is completed. */
  public void beforeCompleting(Runnable step) {
    beforeCompleting = step;
  }

  /** Does something each time before a period is proved. */
  public void beforeProving(Runnable step) {
    beforeProving = step;
  }

  private TxResult confirmed() {
    long block = chain.head + 1;
    return new TxResult.Confirmed(
        new TxHash(chain.hashOf(block)),
        chain.block(new BlockNumber(block)),
        100_000,
        BigInteger.ONE);
  }

  private static TxResult refused(String error) {
    return new TxResult.Refused(error, "the model says no");
  }

  @Override
  public BatchResult publish(List<Publication> publications) {
    synchronized (chain) {
      chain.requireUp();
      List<BatchItem> items = new ArrayList<>();
      for (Publication p : publications) {
        DealProposal terms = p.proposal().proposal();
        DealId id = Eip712.dealId(ModelChain.DOMAIN, terms);
        String skipped = refusePublishing;
        if (chain.deals.containsKey(id)) {
          skipped = "AlreadyKnown";
        } else if (skipped.isEmpty()) {
          chain.deals.put(id, published(id, terms, p.sealedRoot()));
          sent.add("publish");
        }
        items.add(new BatchItem(id, skipped));
      }
      return new BatchResult(confirmed(), items);
    }
  }

  private DealSnapshot published(DealId id, DealProposal p, Hash32 sealedRoot) {
    Period none = new Period(0);
    return new DealSnapshot(
        id,
        DealState.PUBLISHED,
        p.client(),
        p.miner(),
        p.price(),
        p.collateral(),
        p.periods(),
        none,
        none,
        none,
        0,
        0,
        0,
        p.activateBy(),
        new BlockNumber(chain.head + 1 + chain.terms.sealDelay()),
        sealedRoot,
        false,
        false,
        none);
  }

  @Override
  public BatchResult activate(List<Activation> activations) {
    synchronized (chain) {
      chain.requireUp();
      List<BatchItem> items = new ArrayList<>();
      for (Activation a : activations) {
        DealId id = Eip712.dealId(ModelChain.DOMAIN, a.proposal());
        items.add(new BatchItem(id, holdActivation ? "SetFrozen" : activate(id, a)));
      }
      return new BatchResult(confirmed(), items);
    }
  }

  private String activate(DealId id, Activation a) {
    DealSnapshot deal = chain.deals.get(id);
    if (deal == null || deal.state() != DealState.PUBLISHED) {
      return "NotPublished";
    }
    if (chain.head < deal.sealBlock().value()) {
      return "SealBlockPending";
    }
    if (chain.isFrozen(chain.miner)) {
      return "SetFrozen";
    }
    if (!opens(id, a, deal.sealedRoot(), chain.sealSeed(id, deal.sealBlock()).orElseThrow())) {
      return "BadOpening";
    }
    Period start = new Period(chain.clock(chain.miner).nextDuty(chain.head + 1));
    Period end = start.plus(deal.periods());
    chain.deals.put(id, with(deal, DealState.ACTIVE, start, end, start, 0, false));
    append(id, a, deal.sealedRoot(), end);
    return "";
  }

  private void append(DealId id, Activation a, Hash32 sealedRoot, Period end) {
    long leaves = a.proposal().size().leafCount();
    chain.set.append(new SetEntry(id.hash(), sealedRoot, leaves, end.index()));
  }

  private boolean opens(DealId id, Activation a, Hash32 sealedRoot, Hash32 seed) {
    long leaves = a.proposal().size().leafCount();
    List<Long> positions = Positions.seal(seed, chain.terms.sealChallenges(), leaves);
    DualVerifier verifier =
        new DualVerifier(id.hash(), 1, a.proposal().pieceRoot(), sealedRoot, leaves);
    boolean good =
        verifier.verify(positions, unpack(positions, leaves, a.openings()))
            instanceof DualVerifier.Verdict.Ok;
    if (!good) {
      wrongProofs.incrementAndGet();
    }
    return good;
  }

  @Override
  public TxResult declareFaults(List<DealId> ids) {
    synchronized (chain) {
      chain.requireUp();
      if (chain.isFrozen(chain.miner)) {
        return refused("SetFrozenUntil");
      }
      for (DealId id : ids) {
        settle(id);
        DealSnapshot d = chain.deals.get(id);
        Period from = new Period(chain.clock(chain.miner).nextDuty(chain.head + 1));
        chain.set.remove(id.hash());
        chain.deals.put(id, faulty(d, from));
      }
      return confirmed();
    }
  }

  private static DealSnapshot faulty(DealSnapshot d, Period from) {
    return new DealSnapshot(
        d.id(),
        DealState.FAULTY,
        d.client(),
        d.miner(),
        d.price(),
        d.collateral(),
        d.periods(),
        d.start(),
        d.end(),
        from,
        d.proved(),
        d.missed(),
        d.missRun(),
        d.activateBy(),
        d.sealBlock(),
        d.sealedRoot(),
        true,
        d.noticed(),
        from);
  }

  @Override
  public TxResult recover(Activation a) {
    synchronized (chain) {
      chain.requireUp();
      DealId id = Eip712.dealId(ModelChain.DOMAIN, a.proposal());
      DealSnapshot d = chain.deals.get(id);
      if (d == null || d.state() != DealState.FAULTY) {
        return refused("WrongState");
      }
      if (chain.isFrozen(chain.miner)) {
        return refused("SetFrozenUntil");
      }
      Period duty = new Period(chain.clock(chain.miner).nextDuty(chain.head + 1));
      Period drawnBy = new Period(duty.index() - 1);
      if (drawnBy.compareTo(d.faultySince()) < 0) {
        return refused("RecoveryTooSoon");
      }
      Hash32 seed = chain.recoverySeed(id, chain.miner, drawnBy).orElseThrow();
      if (!opens(id, a, d.sealedRoot(), seed)) {
        return refused("BadRecovery");
      }
      chain.deals.put(id, with(d, DealState.ACTIVE, d.start(), d.end(), duty, d.proved(), false));
      append(id, a, d.sealedRoot(), d.end());
      return confirmed();
    }
  }

  private static List<DualOpening> unpack(List<Long> positions, long leaves, byte[] packed) {
    int length = 32 * (new TreeShape(leaves).height() + 1);
    List<DualOpening> openings = new ArrayList<>();
    for (int i = 0; i < positions.size(); i++) {
      int at = 2 * i * length;
      openings.add(
          new DualOpening(
              positions.get(i),
              Opening.of(Arrays.copyOfRange(packed, at, at + length)),
              Opening.of(Arrays.copyOfRange(packed, at + length, at + 2 * length))));
    }
    return openings;
  }

  static DealSnapshot with(
      DealSnapshot d,
      DealState state,
      Period start,
      Period end,
      Period cursor,
      long proved,
      boolean removed) {
    return new DealSnapshot(
        d.id(),
        state,
        d.client(),
        d.miner(),
        d.price(),
        d.collateral(),
        d.periods(),
        start,
        end,
        cursor,
        proved,
        end.index() == 0 ? 0 : cursor.index() - (end.index() - d.periods()) - proved,
        0,
        d.activateBy(),
        d.sealBlock(),
        d.sealedRoot(),
        removed,
        d.noticed(),
        state == DealState.FAULTY ? d.faultySince() : new Period(0));
  }

  @Override
  public BatchResult extend(List<SignedExtension> extensions) {
    synchronized (chain) {
      chain.requireUp();
      List<BatchItem> items = new ArrayList<>();
      for (SignedExtension x : extensions) {
        items.add(new BatchItem(x.extension().dealId(), extend(x.extension())));
      }
      return new BatchResult(confirmed(), items);
    }
  }

  private String extend(Extension e) {
    DealSnapshot d = chain.deals.get(e.dealId());
    if (d == null || d.state() != DealState.ACTIVE) {
      return "NotActive";
    }
    if (!d.end().equals(e.oldEnd())) {
      return "EndMoved";
    }
    if (d.noticed()) {
      return "DealOver";
    }
    if (chain.isFrozen(chain.miner)) {
      return "SetFrozen";
    }
    settle(e.dealId());
    long periods = e.newEnd().index() - chain.deals.get(e.dealId()).cursor().index();
    countAnew(e.dealId(), e.newEnd(), e.pricePerPeriod().times(periods), false);
    return "";
  }

  private void countAnew(DealId id, Period end, TokenAmount price, boolean noticed) {
    DealSnapshot d = chain.deals.get(id);
    chain.deals.put(
        id,
        new DealSnapshot(
            d.id(),
            d.state(),
            d.client(),
            d.miner(),
            price,
            d.collateral(),
            end.index() - d.cursor().index(),
            d.start(),
            end,
            d.cursor(),
            0,
            0,
            0,
            d.activateBy(),
            d.sealBlock(),
            d.sealedRoot(),
            d.removed(),
            noticed,
            d.faultySince()));
    chain.set.moveEnd(id.hash(), end.index());
  }

  @Override
  public BatchResult answer(List<Answer> answers, Urgency urgency) {
    synchronized (chain) {
      chain.requireUp();
      List<BatchItem> items = new ArrayList<>();
      for (Answer a : answers) {
        DealId id = Eip712.dealId(ModelChain.DOMAIN, a.proposal());
        items.add(new BatchItem(id, answer(id, a)));
      }
      answerSizes.add(answers.size());
      return new BatchResult(confirmed(), items);
    }
  }

  private String answer(DealId id, Answer a) {
    OpenDemand open =
        chain.demands.stream()
            .filter(d -> d.dealId().equals(id) && d.byAuditor() == a.byAuditor())
            .findFirst()
            .orElse(null);
    DealSnapshot deal = chain.deals.get(id);
    if (open == null || deal.state() != DealState.ACTIVE) {
      return "NoDemand";
    }
    if (chain.head + 1 > open.deadline().value()) {
      return "AnswerTooLate";
    }
    long leaves = a.proposal().size().leafCount();
    List<Long> leaf = List.of(open.leaf().value());
    DualVerifier verifier =
        new DualVerifier(id.hash(), 1, a.proposal().pieceRoot(), deal.sealedRoot(), leaves);
    if (!(verifier.verify(leaf, unpack(leaf, leaves, a.openings()))
        instanceof DualVerifier.Verdict.Ok)) {
      wrongProofs.incrementAndGet();
      return "BadOpening";
    }
    chain.demands.remove(open);
    chain.ether.merge(chain.miner, open.bond(), BigInteger::add);
    return "";
  }

  @Override
  public TxResult endEarly(SignedEarlyEnd end) {
    synchronized (chain) {
      chain.requireUp();
      DealSnapshot d = chain.deals.get(end.earlyEnd().dealId());
      if (d == null || d.state() != DealState.ACTIVE) {
        return refused("WrongState");
      }
      if (chain.isFrozen(chain.miner)) {
        return refused("SetFrozenUntil");
      }
      settle(d.id());
      DealSnapshot settled = chain.deals.get(d.id());
      if (end.earlyEnd().immediate()) {
        chain.set.remove(d.id().hash());
        chain.deals.put(
            d.id(),
            with(
                settled,
                DealState.COMPLETED,
                d.start(),
                d.end(),
                settled.cursor(),
                settled.proved(),
                true));
      } else {
        Period to = settled.cursor().plus(chain.terms.maxMissRun() + 1L);
        if (to.compareTo(d.end()) >= 0) {
          return refused("NotSooner");
        }
        long notice = to.index() - settled.cursor().index();
        countAnew(d.id(), to, d.price().share(notice, d.periods()), true);
      }
      return confirmed();
    }
  }

  @Override
  public TxResult prove(Address miner, Period period, byte[] openings, Urgency urgency) {
    beforeProving.run();
    synchronized (chain) {
      chain.requireUp();
      if (chain.proved.contains(period.index())) {
        return refused("AlreadyProved");
      }
      if (chain.excused.contains(period.index())) {
        return refused("PeriodExcused");
      }
      if (outdatedProofs.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        return refused(TxResult.Refused.OUTDATED);
      }
      List<ProvingSet.Draw> draws = chain.draw(period);
      if (draws.isEmpty()) {
        return refused("WindowNotOpen");
      }
      int at = 0;
      for (ProvingSet.Draw draw : draws) {
        int length = 32 * (new TreeShape(draw.entry().leafCount()).height() + 1);
        Opening opening = Opening.of(Arrays.copyOfRange(openings, at, at + length));
        at += length;
        if (!opening.opens(draw.entry().sealedRoot(), draw.leaf(), draw.entry().leafCount())) {
          wrongProofs.incrementAndGet();
          return refused("BadProof");
        }
      }
      chain.proved.add(period.index());
      proofs.incrementAndGet();
      return confirmed();
    }
  }

  @Override
  public TxResult announceMaintenance(Address miner, Period first, long count) {
    synchronized (chain) {
      chain.requireUp();
      for (long p = first.index(); p < first.index() + count; p++) {
        chain.excused.add(p);
      }
      return confirmed();
    }
  }

  @Override
  public TxResult waiveNotice(List<DealId> deals) {
    throw new UnsupportedOperationException("no node waives notices by itself");
  }

  @Override
  public TxResult settle(List<DealId> deals) {
    synchronized (chain) {
      chain.requireUp();
      deals.forEach(this::settle);
      return confirmed();
    }
  }

  private void settle(DealId id) {
    DealSnapshot d = chain.deals.get(id);
    long closed = Math.min(d.end().index(), chain.clock(chain.miner).periodAt(chain.head + 1));
    long cursor = d.cursor().index();
    long proved = d.proved();
    for (; cursor < closed; cursor++) {
      proved += d.state() == DealState.ACTIVE && chain.proved.contains(cursor) ? 1 : 0;
    }
    chain.deals.put(
        id, with(d, d.state(), d.start(), d.end(), new Period(cursor), proved, d.removed()));
  }

  @Override
  public TxResult complete(DealId id) {
    beforeCompleting.run();
    synchronized (chain) {
      chain.requireUp();
      settle(id);
      DealSnapshot d = chain.deals.get(id);
      long due =
          chain.clock(chain.miner).periodEnd(d.end().index() - 1) + chain.terms.collateralHold();
      if (!d.cursor().equals(d.end()) || chain.head + 1 < due) {
        return refused("NotOver");
      }
      chain.deals.put(
          id,
          with(d, DealState.COMPLETED, d.start(), d.end(), d.cursor(), d.proved(), d.removed()));
      sent.add("complete");
      return confirmed();
    }
  }

  @Override
  public TxResult expire(DealId id) {
    synchronized (chain) {
      chain.requireUp();
      DealSnapshot d = chain.deals.get(id);
      if (d.state() != DealState.PUBLISHED || chain.head + 1 <= d.activateBy().value()) {
        return refused("NotExpired");
      }
      chain.deals.put(
          id, with(d, DealState.EXPIRED, d.start(), d.end(), d.cursor(), d.proved(), true));
      return confirmed();
    }
  }

  @Override
  public TxResult terminate(DealId id) {
    synchronized (chain) {
      DealSnapshot d = chain.deals.get(id);
      if (d == null || d.missRun() <= chain.terms.maxMissRun()) {
        return refused("NotDefaulted");
      }
      chain.deals.put(
          id, with(d, DealState.TERMINATED, d.start(), d.end(), d.cursor(), d.proved(), true));
      sent.add("terminate");
      return confirmed();
    }
  }

  @Override
  public TxResult purge(List<DealId> deals) {
    synchronized (chain) {
      chain.requireUp();
      for (DealId id : deals) {
        DealSnapshot d = chain.deals.get(id);
        if (chain.set.contains(id.hash())) {
          chain.set.remove(id.hash());
        }
        chain.deals.put(id, with(d, d.state(), d.start(), d.end(), d.cursor(), d.proved(), true));
      }
      return confirmed();
    }
  }
}
