package io.granary.miner.engine;

import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.ops.Traces;
import io.granary.miner.replica.Reading;
import io.granary.miner.replica.ReplicaReader;
import io.granary.miner.replica.Shelf;
import io.granary.miner.sealing.SealingRoom;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.chain.BatchItem;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.lifecycle.ChainView;
import io.granary.protocol.lifecycle.DealAction;
import io.granary.protocol.lifecycle.DealLifecycle;
import io.granary.protocol.lifecycle.MinerDeal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Asks the planner at each head and does what it says, in batches. Doing something twice does no
 * harm.
 */
final class DealRunner {
  /** Deals of one transaction; 20 activations of large pieces stay below two million gas. */
  private static final int BATCH = 20;

  /** Blocks before something that was skipped or refused is tried again. */
  private static final long RETRY_BLOCKS = 3;

  /** Longest pause between two tries to publish; each skipped one costs gas. */
  private static final long MAX_RETRY_BLOCKS = 24;

  /**
   * What the proposal, the market's constants and the end of a deal that is to be replaced decide:
   * no later block takes such a publication. Everything else can change until the last block to
   * publish, such as a balance, a pause, or the operator that is registered.
   */
  private static final Set<String> NEVER_TAKEN =
      Set.of(
          "BadSignature",
          "BadSize",
          "BadProfile",
          "BadPeriods",
          "PriceTooLow",
          "CollateralTooLow",
          "BadParties",
          // An old deal that has ended, or is to end, comes back no more (Protocol §3.9).
          "ReplacesUnknown",
          "ReplacesForeign",
          "ReplacesSameMiner",
          "DealOver",
          "DealDefaulted");

  /**
   * A publication that was skipped.
   *
   * @param reason the contract's
   * @param since head at which it first had this reason
   * @param pause blocks until the next try
   */
  private record Postponed(String reason, long since, long pause) {
    Postponed again() {
      return new Postponed(reason, since, Math.min(2 * pause, MAX_RETRY_BLOCKS));
    }
  }

  private final MinerPorts ports;
  private final Address miner;
  private final MinerConfig config;
  private final DealBook book;
  private final ChainDeals chainDeals;
  private final Uploads uploads;
  private final SealingRoom sealing;
  private final ReplicaReader replicas;
  private final Shelf shelf;
  private final OperatorLog log;
  private final Traces traces;
  private final Predecessors predecessors;
  private final Map<DealId, Long> notBefore = new HashMap<>();
  private final Map<DealId, Postponed> postponed = new HashMap<>();
  private final Map<DealId, Long> endingSince = new HashMap<>();
  private final Map<DealId, Long> idleSince = new HashMap<>();
  private long tidied = -1;

  DealRunner(
      MinerPorts ports,
      Address miner,
      MinerConfig config,
      DealBook book,
      ChainDeals chainDeals,
      Uploads uploads,
      SealingRoom sealing,
      ReplicaReader replicas,
      Shelf shelf,
      OperatorLog log,
      Traces traces) {
    this.ports = ports;
    this.miner = miner;
    this.config = config;
    this.book = book;
    this.chainDeals = chainDeals;
    this.uploads = uploads;
    this.sealing = sealing;
    this.replicas = replicas;
    this.shelf = shelf;
    this.log = log;
    this.traces = traces;
    this.predecessors = new Predecessors(ports, log);
  }

  /** One round at a head. */
  void run(BlockRef head) {
    long number = head.number().value();
    chainDeals.refresh(number);
    noteEnds();
    List<MinerDeal> deals = new ArrayList<>();
    for (StoredDeal d : book.all()) {
      if (!d.isOver()) {
        deals.add(new MinerDeal(d.id(), d.stage(), d.terms(), chainDeals.find(d.id())));
      }
    }
    PeriodClock clock = ports.reader().clock(miner);
    boolean decided = ports.reader().isDecided(miner, new Period(clock.periodAt(number + 1)));
    ChainView view =
        new ChainView(
            head.number(),
            clock,
            decided,
            ports.reader().setWeight(miner) > 0,
            ports.reader().terms(),
            config.tuning().settleEveryPeriods());
    perform(DealLifecycle.actionsAt(view, deals), view);
    if (number != tidied) {
      dropIdle(number);
      forgetOld(view);
      tidied = number;
    }
  }

  /**
   * An extension or a notice moves a deal's end (Protocol §3.6, §3.7). The chain's state says so
   * too to a node that was away when it happened.
   */
  private void noteEnds() {
    for (StoredDeal d : book.all()) {
      Period before = d.end();
      chainDeals
          .find(d.id())
          .map(DealSnapshot::end)
          .filter(end -> end.index() > 0 && !end.equals(before))
          .ifPresent(
              end -> {
                book.change(d.id(), deal -> deal.endingAt(end));
                if (before.index() > 0) {
                  log.endMoved(d.id(), before, end);
                }
              });
    }
  }

  /** A proposal costs its client nothing, and holds room and a place from whoever has data. */
  private void dropIdle(long head) {
    int patience = config.tuning().maxIdleBlocks();
    List<DealId> idle =
        book.all().stream()
            .filter(d -> d.stage() == DealStage.ACCEPTED && uploads.isIdle(d.id()))
            .map(StoredDeal::id)
            .toList();
    idleSince.keySet().retainAll(Set.copyOf(idle));
    for (DealId id : idle) {
      if (head - idleSince.computeIfAbsent(id, key -> head) >= patience) {
        end(
            id,
            DealStage.FAILED,
            "no byte of it came for "
                + patience
                + " blocks; propose it again with another salt when the data is ready");
      }
    }
  }

  /**
   * Proposals are free, so what is over may not stay for ever. A tombstone is needed until the
   * contract takes the deal no more, or its proposal could be accepted again, and as long as the
   * auditor may still want proofs of its last periods.
   */
  private void forgetOld(ChainView view) {
    for (StoredDeal deal : book.all()) {
      if (deal.isOver() && deal.dataDeleted() && view.isBuried(lastNeeded(deal, view.clock()))) {
        uploads.forget(deal.id());
        book.forget(deal.id());
      }
    }
  }

  private long lastNeeded(StoredDeal deal, PeriodClock clock) {
    long activateBy = deal.terms().activateBy().value();
    if (deal.stage() == DealStage.FAILED) {
      return activateBy;
    }
    long last = Math.max(clock.nextDuty(activateBy) + deal.terms().periods(), deal.end().index());
    return clock.periodEnd(last + config.tuning().keepProofPeriods());
  }

  private void perform(List<DealAction> actions, ChainView view) {
    long head = view.head().value();
    List<DealId> publish = new ArrayList<>();
    List<DealId> activate = new ArrayList<>();
    List<DealId> settle = new ArrayList<>();
    List<DealId> purge = new ArrayList<>();
    // Terminations first: until then their lost data fails the draws of all other deals.
    Deque<DealAction> endings = new ArrayDeque<>();
    endingSince
        .keySet()
        .retainAll(
            actions.stream()
                .filter(a -> a instanceof DealAction.Delete || a instanceof DealAction.GiveUp)
                .map(DealAction::id)
                .collect(Collectors.toSet()));
    postponed.keySet().removeIf(id -> chainDeals.find(id).isPresent());
    for (DealAction action : actions) {
      if (notBefore.getOrDefault(action.id(), 0L) > head) {
        continue;
      }
      switch (action) {
        case DealAction.Seal a -> sealing.submit(a.id());
        case DealAction.Publish a -> {
          Optional<Postponed> hopeless = neverTaken(a.id());
          if (hopeless.isEmpty()) {
            publish.add(a.id());
          } else if (view.isBuried(hopeless.get().since())) {
            end(a.id(), DealStage.FAILED, "the market did not take it: " + hopeless.get().reason());
          }
        }
        case DealAction.Activate a -> activate.add(a.id());
        case DealAction.Settle a -> settle.add(a.id());
        case DealAction.Purge a -> purge.add(a.id());
        case DealAction.Advance a -> book.change(a.id(), d -> d.isOver() ? d : d.at(a.to()));
        case DealAction.Terminate a -> endings.addFirst(a);
        case DealAction.Complete a -> endings.addLast(a);
        case DealAction.Expire a -> endings.addLast(a);
        case DealAction.Delete a -> endWhenBuried(a, view);
        case DealAction.GiveUp a -> giveUpWhenDeep(a, head);
      }
    }
    batches(publish).forEach(ids -> publish(ids, head));
    batches(activate).forEach(ids -> activate(ids, head));
    batches(settle).forEach(ids -> together("settle", ids, head, ports.market().settle(ids)));
    batches(purge).forEach(ids -> together("purge", ids, head, ports.market().purge(ids)));
    // Each of these waits for its confirmations alone, while others have blocks to meet: after one
    // of them everything is planned anew.
    Optional.ofNullable(endings.pollFirst()).ifPresent(ending -> end(ending, head));
  }

  private void end(DealAction ending, long head) {
    DealId id = ending.id();
    switch (ending) {
      case DealAction.Terminate a -> single("terminate", id, head, ports.market().terminate(id));
      case DealAction.Complete a -> single("complete", id, head, ports.market().complete(id));
      case DealAction.Expire a -> single("expire", id, head, ports.market().expire(id));
      default -> throw new IllegalArgumentException("nothing is sent alone for " + ending);
    }
  }

  private static List<List<DealId>> batches(List<DealId> ids) {
    List<List<DealId>> batches = new ArrayList<>();
    for (int i = 0; i < ids.size(); i += BATCH) {
      batches.add(ids.subList(i, Math.min(ids.size(), i + BATCH)));
    }
    return batches;
  }

  private void single(String operation, DealId id, long head, TxResult result) {
    together(operation, List.of(id), head, result);
  }

  private void together(String operation, List<DealId> ids, long head, TxResult result) {
    switch (result) {
      case TxResult.Confirmed tx -> log.sent(operation, ids.size(), tx);
      case TxResult.Refused refused -> {
        log.refused(operation, refused);
        ids.forEach(id -> notBefore.put(id, head + RETRY_BLOCKS));
      }
    }
    ids.forEach(chainDeals::forget);
  }

  private void publish(List<DealId> ids, long head) {
    List<MinerMarket.Publication> items = new ArrayList<>();
    for (DealId id : ids) {
      StoredDeal deal = book.find(id).orElseThrow();
      items.add(new MinerMarket.Publication(deal.signed(), deal.sealedRoot()));
    }
    try (Traces.Step step = traces.deals(ids, "publish")) {
      for (DealId id : finish("publish", ids, head, ports.market().publish(items), step)) {
        book.change(id, d -> d.isOver() ? d : d.at(DealStage.PUBLISHED));
      }
    }
  }

  private void activate(List<DealId> ids, long head) {
    List<DealId> ready = new ArrayList<>();
    List<MinerMarket.Activation> items = new ArrayList<>();
    for (DealId id : ids) {
      StoredDeal deal = book.find(id).orElseThrow();
      if (predecessors.standsInTheWay(deal.terms(), head)) {
        notBefore.put(id, head + 1);
        continue;
      }
      Optional<byte[]> openings = sealOpenings(deal);
      if (openings.isPresent()) {
        ready.add(id);
        items.add(new MinerMarket.Activation(deal.terms(), openings.get()));
      } else {
        notBefore.put(id, head + 1);
      }
    }
    if (!items.isEmpty()) {
      try (Traces.Step step = traces.deals(ready, "activate")) {
        for (DealId id : finish("activate", ready, head, ports.market().activate(items), step)) {
          book.change(id, d -> d.isOver() ? d : d.at(DealStage.ACTIVE));
        }
      }
    }
  }

  private Optional<byte[]> sealOpenings(StoredDeal deal) {
    // Empty, too, when an event has just said that the deal is to be read again.
    Optional<DealSnapshot> chain = chainDeals.find(deal.id());
    Optional<Hash32> seed = chain.flatMap(c -> ports.reader().sealSeed(deal.id(), c.sealBlock()));
    if (seed.isEmpty()) {
      return Optional.empty();
    }
    List<Long> positions =
        Positions.seal(
            seed.get(), ports.reader().terms().sealChallenges(), deal.terms().size().leafCount());
    return switch (replicas.openBoth(deal, positions)) {
      case Reading.Good<List<DualOpening>> good -> Optional.of(DualOpening.pack(good.value()));
      case Reading.Damaged<List<DualOpening>> damaged -> {
        log.damaged(deal.id(), "activation", damaged.reason());
        yield Optional.empty();
      }
    };
  }

  /** Logs a batch and returns the deals that went through. */
  private List<DealId> finish(
      String operation, List<DealId> ids, long head, BatchResult result, Traces.Step step) {
    ids.forEach(chainDeals::forget);
    List<DealId> through = new ArrayList<>();
    switch (result.tx()) {
      case TxResult.Refused refused -> {
        step.failed(refused.error());
        log.refused(operation, refused);
        ids.forEach(id -> notBefore.put(id, head + RETRY_BLOCKS));
      }
      case TxResult.Confirmed tx -> {
        log.sent(operation, ids.size(), tx);
        for (BatchItem item : result.items()) {
          if (item.ok()) {
            through.add(item.dealId());
          } else {
            skipped(operation, item, head);
          }
        }
      }
    }
    return through;
  }

  private void skipped(String operation, BatchItem item, long head) {
    log.skipped(operation, item.dealId(), item.skipped());
    long pause = operation.equals("publish") ? postpone(item, head) : RETRY_BLOCKS;
    notBefore.put(item.dealId(), head + pause);
  }

  /** Notes why a publication was skipped, and returns the blocks until it is tried again. */
  private long postpone(BatchItem item, long head) {
    Postponed now =
        Optional.ofNullable(postponed.get(item.dealId()))
            .filter(before -> before.reason().equals(item.skipped()))
            .map(Postponed::again)
            .orElseGet(() -> new Postponed(item.skipped(), head, RETRY_BLOCKS));
    postponed.put(item.dealId(), now);
    return now.pause();
  }

  private Optional<Postponed> neverTaken(DealId id) {
    return Optional.ofNullable(postponed.get(id)).filter(p -> NEVER_TAKEN.contains(p.reason()));
  }

  private String lastSkip(DealId id) {
    return Optional.ofNullable(postponed.get(id)).map(Postponed::reason).orElse("");
  }

  /**
   * The planner gives up only what no branch of the chain can need; some blocks more cost nothing.
   */
  private void giveUpWhenDeep(DealAction.GiveUp action, long head) {
    if (head - endingSince.computeIfAbsent(action.id(), key -> head) >= config.confirmations()) {
      String skip = lastSkip(action.id());
      String why = skip.isEmpty() ? "" : "; the market's last answer was " + skip;
      end(action.id(), DealStage.FAILED, action.reason() + why);
    }
  }

  /**
   * Bytes that are deleted do not come back with a reorg. The chain does not tell when a deal
   * ended, but it was no later than when this was first seen.
   */
  private void endWhenBuried(DealAction.Delete action, ChainView view) {
    if (view.isBuried(endingSince.computeIfAbsent(action.id(), key -> view.head().value()))) {
      end(action.id(), DealStage.ENDED, action.reason());
    }
  }

  private void end(DealId id, DealStage stage, String reason) {
    idleSince.remove(id);
    book.change(id, d -> d.isOver() ? d : d.over(stage, reason));
    notBefore.remove(id);
    endingSince.remove(id);
    postponed.remove(id);
    deleteData(id);
  }

  /**
   * Deletes the data of a deal that is over; tried again at the next start when the disk refuses.
   */
  private void deleteData(DealId id) {
    try {
      shelf.deleteAll(id);
      book.change(id, StoredDeal::withoutData);
      log.dataDeleted(id);
    } catch (IOException e) {
      log.deleteFailed(id, e);
    }
  }

  /** What a crash between the end of a deal and the deletion of its data left behind. */
  void deleteLeftovers() {
    for (StoredDeal deal : book.all()) {
      if (deal.isOver() && !deal.dataDeleted()) {
        deleteData(deal.id());
      }
    }
  }
}
