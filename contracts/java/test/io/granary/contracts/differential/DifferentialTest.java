package io.granary.contracts.differential;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.SeedKind;
import io.granary.contracts.devnet.Faucet;
import io.granary.proofs.Hash32;
import io.granary.proofs.LeafIndex;
import io.granary.protocol.chain.BatchResult;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.DealKey;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random actions of a client, a miner and a stranger, good and bad, on the contract and on a plain
 * model of the protocol: both must answer the same and hold the same after each. A failure names
 * its seed; {@code -Dgranary.differential.seed} repeats it, {@code -Dgranary.differential.steps}
 * goes on for longer.
 */
class DifferentialTest {
  private static final long DEFAULT_SEED = 8L;
  private static final long SEED = Long.getLong("granary.differential.seed", DEFAULT_SEED);
  private static final int STEPS = Integer.getInteger("granary.differential.steps", 550);

  @TempDir Path dir;
  private final Random random = new Random(SEED);
  private final List<String> history = new ArrayList<>();
  private final Map<String, Integer> answers = new TreeMap<>();
  private final Map<DealId, DealProposal> proposals = new java.util.LinkedHashMap<>();
  private final EthKey strangerKey = DevMarket.key(SEED, "stranger");
  private Run run;

  /** A market on a chain, its model, and the stranger's connection. */
  private record Run(DevMarket market, PlainMarket model, GranaryChain stranger) {}

  @Test
  void contract_and_plain_model_agree_after_every_step() throws IOException {
    try (DevMarket m = new DevMarket(dir, SeedKind.BLOCK_HASH, SEED);
        Faucet faucet = new Faucet(m.anvil.endpoint(), m.deployment.token());
        GranaryChain stranger = m.connect(strangerKey)) {
      faucet.give(strangerKey.address(), 10, TokenAmount.ZERO);
      PlainMarket model =
          new PlainMarket(
              m.client.terms(),
              m.client.queries().clock(m.miner()),
              m.miner(),
              m.operatorKey.address());
      BigInteger funds = TokenAmount.parseTokens("500").units();
      model.deposit(m.miner(), funds);
      model.deposit(m.clientKey.address(), funds);
      run = new Run(m, model, stranger);
      compare();
      for (int i = 0; i < STEPS; i++) {
        step();
        compare();
      }
    }
    System.out.println("differential test, seed " + SEED + ": " + answers);
    if (SEED == DEFAULT_SEED) {
      // A run in which hardly anything succeeds shows nothing.
      for (String action :
          List.of(
              "publish",
              "activate",
              "prove",
              "settle",
              "complete",
              "terminate",
              "extend",
              "notice",
              "fault",
              "recover",
              "demand",
              "answer",
              "resolve")) {
        assertTrue(
            answers.getOrDefault(action, 0) > 0, () -> action + " never went through: " + answers);
      }
    }
  }

  // ---------------------------------------------------------------- actions

  private void step() throws IOException {
    switch (random.nextInt(32)) {
      case 0, 1 -> publish();
      case 2, 3, 4 -> activate();
      case 5, 6, 7, 8 -> prove();
      case 9, 10 -> mine(1 + random.nextInt(6));
      case 11 -> {
        // Now and then long enough for a default.
        if (oneIn(3)) {
          mine(70);
          terminate();
        } else {
          mine(8 + random.nextInt(16));
        }
      }
      case 12 -> toTheWindow();
      case 13 -> settle();
      case 14 -> complete();
      case 15 -> terminate();
      case 16 -> expire();
      case 17, 18 -> extend();
      case 19 -> endEarly();
      case 20 -> maintain();
      case 21 -> purge();
      case 22 -> money();
      case 23, 24 -> fault();
      case 25, 26 -> recover(pick(DealState.FAULTY).filter(proposals::containsKey));
      case 27, 28 -> demand();
      case 29 -> answerDemand();
      case 30 -> resolve();
      default -> cancel();
    }
  }

  private long next() {
    return run.market.head() + 1;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private void answer(String action, String expected, String actual) {
    history.add(action + " → " + (actual.isEmpty() ? "ok" : actual));
    assertEquals(expected, actual, () -> story(action));
    answers.merge(
        actual.isEmpty() ? action.split(" ", 2)[0] : action + ": " + actual, 1, Integer::sum);
  }

  private String story(String what) {
    int from = Math.max(0, history.size() - 30);
    return what
        + " with -Dgranary.differential.seed="
        + SEED
        + ", block "
        + run.market.head()
        + ", after "
        + history.size()
        + " steps, the last:\n"
        + String.join("\n", history.subList(from, history.size()));
  }

  private static String nameOf(TxResult result) {
    return result instanceof TxResult.Refused refused ? refused.error() : PlainMarket.OK;
  }

  private static String nameOf(BatchResult result) {
    return result.items().isEmpty() ? nameOf(result.tx()) : result.items().getFirst().skipped();
  }

  /** What changes or ends a deal early is refused while its set is frozen: mostly waited for. */
  private void outOfTheFreeze() {
    while (!oneIn(6) && run.model.frozen(next())) {
      mine(1);
    }
  }

  private void mine(int blocks) {
    run.market.anvil.mine(blocks);
    history.add("mine " + blocks);
  }

  private void toTheWindow() {
    Period period = run.market.currentPeriod();
    run.market.mineToWindow(period);
    history.add("to the window of " + period.index());
  }

  private Optional<DealId> pick(DealState... states) {
    boolean any = oneIn(12);
    List<DealId> ids =
        run.model.deals.entrySet().stream()
            .filter(e -> any || List.of(states).contains(e.getValue().state))
            .map(Map.Entry::getKey)
            .toList();
    return ids.isEmpty() ? Optional.empty() : Optional.of(ids.get(random.nextInt(ids.size())));
  }

  private EthKey clientOr(EthKey other, int one) {
    return oneIn(one) ? other : run.market.clientKey;
  }

  private void publish() throws IOException {
    DevMarket m = run.market;
    byte[] data = m.data(1 + random.nextInt(1000));
    DealProposal p = m.proposal(data, 1 + random.nextInt(8));
    if (oneIn(6)) {
      p = priced(p, TokenAmount.of(random.nextInt(1_000_000)), p.collateral());
    } else if (oneIn(6)) {
      p = priced(p, p.price(), TokenAmount.of(random.nextInt(1_000_000)));
    } else if (oneIn(8)) {
      p = priced(p, TokenAmount.parseTokens("100000"), TokenAmount.parseTokens("1000000"));
    } else if (oneIn(8)) {
      p = priced(p, p.price(), TokenAmount.parseTokens("100000"));
    }
    // One that only a refused cancellation has seen is of other bytes than those here.
    List<DealProposal> known =
        proposals.entrySet().stream()
            .filter(e -> run.model.deals.containsKey(e.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    if (oneIn(8) && !known.isEmpty()) {
      p = known.get(random.nextInt(known.size()));
    }
    DealId id = m.idOf(p);
    boolean signed = !oneIn(10);
    Signature signature = (signed ? m.clientKey : strangerKey).sign(id.hash());
    GranaryChain sender = oneIn(10) ? run.stranger : m.operator;
    Address from = sender == run.stranger ? strangerKey.address() : m.operatorKey.address();
    String expected = run.model.publish(id, p, from, signed, next());
    Hash32 root = rootOf(p, data, expected);
    BatchResult result =
        sender
            .actions()
            .publish(List.of(new MinerMarket.Publication(new SignedProposal(p, signature), root)));
    proposals.put(id, p);
    answer("publish", expected, nameOf(result));
  }

  /** Of its replica, which is made unless the contract has no use for it. */
  private Hash32 rootOf(DealProposal p, byte[] data, String expected) throws IOException {
    DevMarket m = run.market;
    DealKey key = DealKey.of(m.idOf(p));
    if (m.replicas.containsKey(key)) {
      return m.replicas.get(key).sealedRoot();
    }
    // What is known already, published or cancelled, may be of other bytes than those here.
    return expected.equals("AlreadyKnown") ? p.pieceRoot() : m.seal(p, data).sealedRoot();
  }

  private static DealProposal priced(DealProposal p, TokenAmount price, TokenAmount collateral) {
    return new DealProposal(
        p.client(),
        p.miner(),
        p.auditor(),
        p.pieceRoot(),
        p.size(),
        p.sealProfile(),
        p.periods(),
        price,
        collateral,
        p.publishBy(),
        p.activateBy(),
        p.replaces(),
        p.salt());
  }

  private void activate() throws IOException {
    Optional<DealId> id = pick(DealState.PUBLISHED).filter(proposals::containsKey);
    if (id.isEmpty()) {
      return;
    }
    DealProposal p = proposals.get(id.get());
    boolean good = !oneIn(6);
    String expected = run.model.activate(id.get(), good, next());
    MinerMarket.Activation a = new MinerMarket.Activation(p, new byte[64]);
    if (expected.equals(PlainMarket.OK) || expected.equals("BadOpening")) {
      a = run.market.activation(p);
    }
    if (!good) {
      a = new MinerMarket.Activation(p, spoil(a.openings()));
    }
    answer(
        "activate",
        expected,
        nameOf((oneIn(4) ? run.stranger : run.market.operator).actions().activate(List.of(a))));
  }

  private byte[] spoil(byte[] openings) {
    byte[] bad = openings.clone();
    bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(6));
    return bad;
  }

  private void prove() throws IOException {
    Period period = run.market.currentPeriod();
    if (!oneIn(4)) {
      run.market.mineToWindow(period);
    }
    period = oneIn(12) ? period.plus(1) : run.market.currentPeriod();
    boolean good = !oneIn(6);
    String expected = run.model.prove(period.index(), good, next());
    byte[] openings = new byte[32];
    if (expected.equals(PlainMarket.OK) || expected.equals("BadProof")) {
      openings = run.market.openings(period);
      openings = good ? openings : spoil(openings);
    }
    answer(
        "prove",
        expected,
        nameOf(
            (oneIn(4) ? run.stranger : run.market.operator)
                .actions()
                .prove(run.market.miner(), period, openings)));
  }

  private void settle() {
    Optional<DealId> id = pick(DealState.ACTIVE, DealState.FAULTY);
    if (id.isPresent()) {
      String expected = run.model.settle(id.get(), 1024, next());
      answer("settle", expected, nameOf(run.stranger.actions().settle(List.of(id.get()))));
    }
  }

  private void complete() {
    Optional<DealId> id = pick(DealState.ACTIVE, DealState.FAULTY);
    if (id.isPresent()) {
      String expected = run.model.complete(id.get(), next());
      answer("complete", expected, nameOf(run.stranger.actions().complete(id.get())));
    }
  }

  private void fault() throws IOException {
    outOfTheFreeze();
    Optional<DealId> id = pick(DealState.ACTIVE);
    if (id.isPresent()) {
      DevMarket m = run.market;
      boolean stranger = oneIn(8);
      Address from = stranger ? strangerKey.address() : m.operatorKey.address();
      String expected = run.model.faults.declare(id.get(), from, next());
      GranaryChain sender = stranger ? run.stranger : m.operator;
      answer("fault", expected, nameOf(sender.actions().declareFaults(List.of(id.get()))));
      if (expected.equals(PlainMarket.OK) && oneIn(2)) {
        recover(id.filter(proposals::containsKey));
      }
    }
  }

  private void recover(Optional<DealId> id) throws IOException {
    if (id.isEmpty()) {
      return;
    }
    DevMarket m = run.market;
    PlainMarket.Deal d = run.model.deals.get(id.get());
    if (d.state == DealState.FAULTY && !oneIn(5)) {
      // Past the challenge block that draws it, and out of the freeze.
      while (m.head() < m.client.queries().clock(m.miner()).challengeBlock(d.faultySince)) {
        mine(1);
      }
      outOfTheFreeze();
    }
    DealProposal p = proposals.get(id.get());
    boolean good = !oneIn(6);
    boolean stranger = oneIn(8);
    Address from = stranger ? strangerKey.address() : m.operatorKey.address();
    String expected = run.model.faults.recover(id.get(), from, good, next());
    MinerMarket.Activation a = new MinerMarket.Activation(p, new byte[64]);
    if (expected.equals(PlainMarket.OK) || expected.equals("BadRecovery")) {
      a = m.recovery(p);
      a = good ? a : new MinerMarket.Activation(p, spoil(a.openings()));
    }
    GranaryChain sender = stranger ? run.stranger : m.operator;
    answer("recover", expected, nameOf(sender.actions().recover(a)));
  }

  private void demand() {
    Optional<DealId> id = pick(DealState.ACTIVE).filter(proposals::containsKey);
    if (id.isEmpty()) {
      return;
    }
    DevMarket m = run.market;
    DealProposal p = proposals.get(id.get());
    BigInteger least = m.client.queries().leastBond();
    BigInteger bond = oneIn(8) ? least.subtract(BigInteger.ONE) : least.multiply(BigInteger.TWO);
    long leaf = oneIn(10) ? p.size().leafCount() : random.nextInt((int) p.size().leafCount());
    boolean stranger = oneIn(8);
    Address from = stranger ? strangerKey.address() : m.clientKey.address();
    String expected =
        run.model.demands.raise(id.get(), p.client(), from, leaf, bond, least, next());
    GranaryChain sender = stranger ? run.stranger : m.client;
    answer("demand", expected, nameOf(sender.actions().demand(p, new LeafIndex(leaf), bond)));
  }

  private Optional<DealId> demanded() {
    List<DealId> open =
        run.model.deals.entrySet().stream()
            .filter(e -> e.getValue().demand != null)
            .map(Map.Entry::getKey)
            .toList();
    return open.isEmpty() || oneIn(12)
        ? pick(DealState.ACTIVE).filter(proposals::containsKey)
        : Optional.of(open.get(random.nextInt(open.size())));
  }

  private void answerDemand() throws IOException {
    Optional<DealId> id = demanded();
    if (id.isEmpty()) {
      return;
    }
    DealProposal p = proposals.get(id.get());
    PlainDemands.Open open = run.model.deals.get(id.get()).demand;
    boolean good = !oneIn(6);
    String expected = run.model.demands.answer(id.get(), good, next());
    MinerMarket.Answer a = new MinerMarket.Answer(p, false, new byte[64]);
    if (open != null && (expected.equals(PlainMarket.OK) || expected.equals("BadOpening"))) {
      a = run.market.answer(p, false, open.leaf());
      a = good ? a : new MinerMarket.Answer(p, false, spoil(a.openings()));
    }
    GranaryChain sender = oneIn(4) ? run.stranger : run.market.operator;
    answer("answer", expected, nameOf(sender.actions().answer(List.of(a))));
  }

  private void resolve() {
    Optional<DealId> id = demanded();
    if (id.isEmpty()) {
      return;
    }
    PlainDemands.Open open = run.model.deals.get(id.get()).demand;
    if (open != null && oneIn(2)) {
      while (run.market.head() < open.deadline()) {
        mine((int) Math.min(20, open.deadline() - run.market.head()));
      }
    }
    DealProposal p = proposals.get(id.get());
    String expected = run.model.demands.resolve(id.get(), strangerKey.address(), next());
    answer("resolve", expected, nameOf(run.stranger.actions().resolveDemand(p, false)));
    if (oneIn(3)) {
      String due = run.model.demands.withdraw(run.market.clientKey.address());
      answer("ether", due, nameOf(run.market.client.actions().withdrawEther()));
    }
  }

  private void terminate() {
    Optional<DealId> id = pick(DealState.ACTIVE, DealState.FAULTY);
    if (id.isPresent()) {
      String expected = run.model.terminate(id.get(), strangerKey.address(), next());
      answer("terminate", expected, nameOf(run.stranger.actions().terminate(id.get())));
    }
  }

  private void expire() {
    Optional<DealId> id = pick(DealState.PUBLISHED);
    if (id.isPresent()) {
      String expected = run.model.expire(id.get(), strangerKey.address(), next());
      answer("expire", expected, nameOf(run.stranger.actions().expire(id.get())));
    }
  }

  private void purge() {
    Optional<DealId> id = pick(DealState.COMPLETED, DealState.TERMINATED);
    if (id.isPresent()) {
      String expected = run.model.purge(id.get(), next());
      answer("purge", expected, nameOf(run.stranger.actions().purge(List.of(id.get()))));
    }
  }

  private void extend() {
    outOfTheFreeze();
    Optional<DealId> id = pick(DealState.ACTIVE).filter(proposals::containsKey);
    if (id.isEmpty()) {
      return;
    }
    DevMarket m = run.market;
    PlainMarket.Deal d = run.model.deals.get(id.get());
    DealProposal p = proposals.get(id.get());
    long oldEnd = oneIn(8) ? d.end + 1 : d.end;
    Extension e =
        new Extension(
            id.get(),
            new Period(oldEnd),
            new Period(oneIn(8) ? oldEnd : oldEnd + 1 + random.nextInt(6)),
            oneIn(8)
                ? TokenAmount.of(random.nextInt(1_000_000))
                : TokenAmount.of(10_000_000L + random.nextInt(1_000_000_000))
                    .times(p.size().leafCount()),
            oneIn(8)
                ? TokenAmount.ZERO
                : TokenAmount.of(4_000_000_000L).times(p.size().leafCount()),
            new BlockNumber(Math.max(1, m.head() + random.nextInt(30) - 3)));
    boolean signed = !oneIn(10);
    Signature signature =
        (signed ? m.clientKey : strangerKey).sign(Eip712.extension(m.client.terms().domain(), e));
    int who = random.nextInt(10);
    GranaryChain sender = who == 0 ? run.stranger : who < 3 ? m.owner : m.operator;
    Address from = who == 0 ? strangerKey.address() : who < 3 ? m.miner() : m.operatorKey.address();
    String expected = run.model.extend(d, e, from, signed, next());
    answer(
        "extend",
        expected,
        nameOf(sender.actions().extend(List.of(new SignedExtension(e, signature)))));
  }

  private void endEarly() {
    outOfTheFreeze();
    Optional<DealId> id = pick(DealState.ACTIVE, DealState.FAULTY);
    if (id.isEmpty()) {
      return;
    }
    DevMarket m = run.market;
    EarlyEnd e =
        new EarlyEnd(
            id.get(), oneIn(3), new BlockNumber(Math.max(1, m.head() + random.nextInt(30) - 3)));
    boolean signed = !oneIn(10);
    Signature signature =
        (signed ? m.clientKey : strangerKey).sign(Eip712.earlyEnd(m.client.terms().domain(), e));
    boolean relayed = oneIn(3);
    GranaryChain sender = relayed ? run.stranger : e.immediate() ? m.operator : m.client;
    Address from =
        relayed
            ? strangerKey.address()
            : e.immediate() ? m.operatorKey.address() : m.clientKey.address();
    String expected = run.model.endEarly(id.get(), e, from, signed, next());
    answer(
        e.immediate() ? "consent" : "notice",
        expected,
        nameOf(sender.actions().endEarly(new SignedEarlyEnd(e, signature))));
  }

  private void maintain() {
    DevMarket m = run.market;
    long first = m.client.queries().clock(m.miner()).periodAt(next()) + random.nextInt(6);
    int count = random.nextInt(4);
    boolean stranger = oneIn(8);
    GranaryChain sender = stranger ? run.stranger : m.operator;
    Address from = stranger ? strangerKey.address() : m.operatorKey.address();
    String expected = run.model.maintain(first, count, from, next());
    answer(
        "maintain",
        expected,
        nameOf(sender.actions().announceMaintenance(m.miner(), new Period(first), count)));
  }

  private void money() {
    DevMarket m = run.market;
    boolean client = random.nextBoolean();
    GranaryChain chain = client ? m.client : m.owner;
    Address owner = client ? m.clientKey.address() : m.miner();
    switch (random.nextInt(3)) {
      case 0 -> {
        TokenAmount amount = TokenAmount.of(1 + random.nextInt(1_000_000));
        String expected = run.model.deposit(owner, amount.units());
        answer("deposit", expected, nameOf(chain.actions().deposit(amount)));
      }
      case 1 -> {
        TokenAmount amount = TokenAmount.of(random.nextInt(1_000_000));
        String expected = run.model.requestWithdrawal(owner, amount.units(), next());
        answer("request", expected, nameOf(chain.actions().requestWithdrawal(amount)));
      }
      default -> {
        String expected = run.model.withdraw(owner, next());
        answer("withdraw", expected, nameOf(chain.actions().withdraw()));
      }
    }
  }

  private void cancel() {
    DevMarket m = run.market;
    DealProposal p = m.proposal(m.data(1 + random.nextInt(300)), 3);
    if (oneIn(3) && !proposals.isEmpty()) {
      List<DealProposal> known = List.copyOf(proposals.values());
      p = known.get(random.nextInt(known.size()));
    }
    EthKey key = clientOr(strangerKey, 5);
    DealId id = m.idOf(p);
    String expected = run.model.cancel(id, p.client(), key.address());
    proposals.put(id, p);
    answer(
        "cancel",
        expected,
        nameOf((key == strangerKey ? run.stranger : m.client).actions().cancel(p)));
  }

  // ---------------------------------------------------------------- comparison

  private void compare() {
    var chain = run.market.client.queries();
    PlainMarket model = run.model;
    for (Address owner :
        List.of(
            run.market.miner(),
            run.market.clientKey.address(),
            run.market.operatorKey.address(),
            strangerKey.address())) {
      var account = chain.account(owner);
      PlainMarket.Account expected = model.account(owner);
      assertEquals(
          expected.balance + " " + expected.requested + " " + expected.release,
          account.balance().units()
              + " "
              + account.requested().units()
              + " "
              + account.releaseBlock().value(),
          () -> story("account of " + owner));
      assertEquals(
          model.demands.etherOf(owner), chain.etherOf(owner), () -> story("ether of " + owner));
    }
    model.deals.forEach(
        (id, d) ->
            assertEquals(
                describe(d),
                chain.deal(id).map(DifferentialTest::describe).orElse("unknown"),
                () -> story("deal " + id)));
    assertEquals(model.burned, chain.burned().units(), () -> story("burned"));
    assertEquals(
        model.weight(), chain.setWeight(run.market.miner()), () -> story("weight of the set"));
    assertEquals(model.frozen(next()), chain.isFrozen(run.market.miner()), () -> story("frozen"));
    long period = run.market.currentPeriod().index();
    for (long p = Math.max(0, period - 3); p < period + 8; p++) {
      assertEquals(
          model.proved.contains(p) + " " + model.excused.contains(p),
          chain.isProved(run.market.miner(), new Period(p))
              + " "
              + chain.isExcused(run.market.miner(), new Period(p)),
          () -> story("bits of a period"));
    }
  }

  private static String describe(PlainMarket.Deal d) {
    boolean begun = d.end != 0;
    return String.join(
        " ",
        d.state.toString(),
        d.client.toString(),
        d.price.toString(),
        d.collateral.toString(),
        begun
            ? "periods "
                + d.periods
                + " start "
                + d.start
                + " end "
                + d.end
                + " cursor "
                + d.cursor
                + " proved "
                + d.proved
                + " unproved "
                + d.unproved
                + " run "
                + d.run
                + (d.noticed ? " noticed" : "")
                + (d.state == DealState.FAULTY ? " faulty since " + d.faultySince : "")
                + (d.inSet ? "" : " removed")
            : "activate by " + d.activateBy + " seal " + d.sealBlock);
  }

  private static String describe(DealSnapshot s) {
    boolean begun = s.end().index() != 0;
    return String.join(
        " ",
        s.state().toString(),
        s.client().toString(),
        s.price().units().toString(),
        s.collateral().units().toString(),
        begun
            ? "periods "
                + s.periods()
                + " start "
                + s.start().index()
                + " end "
                + s.end().index()
                + " cursor "
                + s.cursor().index()
                + " proved "
                + s.proved()
                + " unproved "
                + s.missed()
                + " run "
                + s.missRun()
                + (s.noticed() ? " noticed" : "")
                + (s.state() == DealState.FAULTY ? " faulty since " + s.faultySince().index() : "")
                + (s.removed() ? " removed" : "")
            : "activate by " + s.activateBy().value() + " seal " + s.sealBlock().value());
  }
}
