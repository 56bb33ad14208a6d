package io.granary.kill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.grpc.PeerException;
import io.granary.contracts.DevMarket;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.SeedKind;
import io.granary.contracts.devnet.Faucet;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.TxRefusedException;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several miner processes with many deals, which are killed, cut off from the chain and shown
 * reorgs at random: every deal that came on chain is proved in each of its periods and runs to its
 * end, and nothing piles up in the processes or on their disks.
 *
 * <p>{@code ./granary test} runs a small one; {@code tools/soak.sh} as large a one as is wanted. In
 * a window in which a proof is awaited blocks come slowly while its miner runs, and not at all
 * while it does not: what is tested is what a process makes of its time, not how long one may be
 * away.
 */
class SoakIT {
  private static final Duration FAST = Duration.ofMillis(60);
  private static final Duration AWAY = Duration.ofMillis(300);
  private static final Duration SLOW = Duration.ofSeconds(2);
  private static final Duration MOST_AWAY = Duration.ofSeconds(2);
  private static final int BLOCKS_A_DEAL = 8;
  private static final int MOST_BLOCKS_WITHOUT_TROUBLE = 24;

  private final long seed = Long.getLong("granary.soak.seed", System.nanoTime());
  private final int miners = Integer.getInteger("granary.soak.miners", 2);
  private final int deals = Integer.getInteger("granary.soak.deals", 10);
  private final Duration trouble =
      Duration.ofSeconds(Integer.getInteger("granary.soak.seconds", 25));
  private final Random random = new Random(seed);
  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<MinerRig> rigs = new ArrayList<>();
  private final List<Deal> agreed = new ArrayList<>();
  private final Map<MinerRig, Instant> backAt = new HashMap<>();
  private final Map<MinerRig, Long> headsAtBlock = new HashMap<>();
  private final ExecutorService uploads = Executors.newVirtualThreadPerTaskExecutor();

  @TempDir Path dir;
  private DevMarket market;

  private record Deal(DealId id, MinerRig rig) {}

  /** What a process holds. */
  private record Held(long files, long threads, long heapKiB) {}

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir, SeedKind.BLOCK_HASH, seed);
    for (int i = 0; i < miners; i++) {
      EthKey owner = i == 0 ? market.ownerKey : DevMarket.key(seed, "owner" + i);
      EthKey operator = i == 0 ? market.operatorKey : DevMarket.key(seed, "operator" + i);
      MinerRig rig =
          new MinerRig(
              market, dir, "miner" + i, owner.address(), operator, ChainGate.Watch.NOBODY, l -> {});
      rigs.add(rig);
      if (i == 0) {
        market
            .owner
            .actions()
            .update(
                owner.address(),
                rig.endpoint,
                rig.folder.tls().tlsKeyHash(),
                DevMarket.PRICE_PER_LEAF)
            .orThrow();
      } else {
        register(owner, operator, rig);
      }
    }
    market.anvil.ask("evm_setAutomine", List.of(false));
    for (MinerRig rig : rigs) {
      rig.start();
    }
  }

  private void register(EthKey owner, EthKey operator, MinerRig rig) throws IOException {
    try (Faucet faucet = new Faucet(market.anvil.endpoint(), market.deployment.token());
        GranaryChain chain = market.connect(owner)) {
      faucet.give(owner.address(), 10, TokenAmount.parseTokens("1000"));
      faucet.give(operator.address(), 10, TokenAmount.ZERO);
      chain
          .actions()
          .register(
              operator.address(),
              TokenAmount.parseTokens("100"),
              rig.endpoint,
              rig.folder.tls().tlsKeyHash(),
              DevMarket.PRICE_PER_LEAF)
          .orThrow();
      chain.actions().deposit(TokenAmount.parseTokens("500")).orThrow();
    }
  }

  @AfterEach
  void stop() throws IOException {
    uploads.shutdownNow();
    rigs.forEach(MinerRig::close);
    market.close();
  }

  private void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  // ---------------------------------------------------------------- deals

  private DealProposal proposal(MinerRig rig, byte[] data, long periods) {
    DealProposal p = market.proposal(data, periods);
    return new DealProposal(
        p.client(),
        rig.miner,
        p.auditor(),
        p.pieceRoot(),
        p.size(),
        p.sealProfile(),
        p.periods(),
        p.price(),
        p.collateral(),
        new BlockNumber(market.head() + 90),
        new BlockNumber(market.head() + 150),
        p.replaces(),
        p.salt());
  }

  private void agree(MinerRig rig) {
    byte[] data = market.data(500 + random.nextInt(60_000));
    DealProposal p = proposal(rig, data, 2 + random.nextInt(4));
    try {
      rig.connection.propose(market.sign(p), rig.connection.ask());
    } catch (PeerException away) {
      count("proposals that met nobody");
      return;
    }
    Deal deal = new Deal(market.idOf(p), rig);
    agreed.add(deal);
    uploads.execute(() -> upload(deal, data));
  }

  private void upload(Deal deal, byte[] data) {
    Path file = dir.resolve(deal.id().hash().toHex());
    try {
      Files.write(file, data);
      while (!Thread.currentThread().isInterrupted()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
          deal.rig().connection.upload(deal.id(), channel, data.length, sent -> {});
          return;
        } catch (PeerException away) {
          LockSupport.parkNanos(50_000_000);
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  // ---------------------------------------------------------------- trouble

  private void makeTrouble() {
    // The first is never killed, so that what it holds can be compared.
    MinerRig rig = rigs.get(random.nextInt(rigs.size()));
    switch (random.nextInt(3)) {
      case 0 -> {
        if (rig != rigs.getFirst() && rig.process.isUp()) {
          rig.process.kill();
          away(rig);
          count("kills");
        }
      }
      case 1 -> {
        if (!rig.gate.isCut()) {
          rig.gate.cut(true);
          away(rig);
          count("links cut");
        }
      }
      default -> {
        int depth = 1 + random.nextInt(4);
        market.anvil.ask("anvil_rollback", List.of(depth));
        market.anvil.mine(1);
        count("reorgs");
      }
    }
  }

  private void away(MinerRig rig) {
    backAt.put(rig, Instant.now().plusMillis(random.nextLong(MOST_AWAY.toMillis())));
  }

  private void bringBack() throws IOException {
    for (MinerRig rig : rigs) {
      if (!Instant.now().isBefore(backAt.getOrDefault(rig, Instant.MIN))) {
        rig.gate.cut(false);
        if (!rig.process.isAlive()) {
          rig.start();
        }
      }
    }
  }

  // ---------------------------------------------------------------- time

  private boolean isAwaited(MinerRig rig) {
    PeriodClock clock = market.client.queries().clock(rig.miner);
    long next = market.head() + 1;
    Period period = new Period(clock.periodAt(next));
    return clock.inWindow(period.index(), next)
        && !market.client.queries().isProved(rig.miner, period)
        && isAnythingDrawn(rig, period);
  }

  private boolean isAnythingDrawn(MinerRig rig, Period period) {
    try {
      return !market.client.queries().drawnLeaves(rig.miner, period).isEmpty();
    } catch (TxRefusedException e) {
      if (e.refusal().error().equals("DrawExhausted")) {
        // Its last deals have ended, and their entries are in the set until it is purged: nothing
        // is
        // due. A deal that goes on and could not be drawn would be missed, and told at the end.
        return false;
      }
      throw e;
    }
  }

  /**
   * How long the next block has to wait; empty while somebody who has to prove is not there, or has
   * not looked at the newest block.
   */
  private Optional<Duration> pace() {
    Duration pace = FAST;
    for (MinerRig rig : rigs) {
      boolean isThere = rig.process.isUp() && !rig.gate.isCut();
      boolean isAwaited = isAwaited(rig);
      if (isThere ? rig.gate.headsAsked() < headsAtBlock.getOrDefault(rig, 0L) + 2 : isAwaited) {
        return Optional.empty();
      }
      if (isAwaited) {
        pace = SLOW;
      } else if (!isThere && pace.equals(FAST)) {
        pace = AWAY;
      }
    }
    Map<?, ?> pool = (Map<?, ?>) market.anvil.ask("txpool_status", List.of());
    return Optional.of(pool.get("pending").equals("0x0") ? pace : FAST);
  }

  private boolean isOver(Deal deal) {
    Optional<DealSnapshot> snapshot = market.client.queries().deal(deal.id());
    return snapshot
        .map(d -> d.state() != DealState.PUBLISHED && d.state() != DealState.ACTIVE)
        .orElseGet(() -> market.head() > lastBlock);
  }

  private long lastBlock = Long.MAX_VALUE;

  private Held held(MinerRig rig) throws Exception {
    long pid = rig.process.pid();
    try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      long threads;
      try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
        threads = tasks.count();
      }
      return new Held(files.count(), threads, heapAfterCollection(pid));
    }
  }

  private static long heapAfterCollection(long pid) throws Exception {
    jcmd(pid, "GC.run");
    return Arrays.stream(jcmd(pid, "GC.heap_info").split("\n"))
        .filter(line -> line.contains(" total ") && line.contains(" used "))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".* used (\\d+)K.*", "$1")))
        .sum();
  }

  private static String jcmd(long pid, String command) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid),
                command)
            .redirectErrorStream(true)
            .start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }

  private static long bytesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
    }
  }

  /** Time passes in blocks: deals are made and trouble comes by their number, on any machine. */
  private void live(Instant limit) throws Exception {
    Instant lastTime = Instant.EPOCH;
    long made = 0;
    long nextDeal = 0;
    long nextTrouble = BLOCKS_A_DEAL;
    boolean over = false;
    while (!over) {
      Instant now = Instant.now();
      assertTrue(now.isBefore(limit), () -> "not over in time with seed " + seed + ": " + open());
      boolean isTrouble = agreed.size() < deals;
      if (isTrouble && made >= nextDeal) {
        List<MinerRig> up = rigs.stream().filter(r -> r.process.isUp()).toList();
        if (!up.isEmpty()) {
          agree(up.get(random.nextInt(up.size())));
          nextDeal = made + 1 + random.nextInt(2 * BLOCKS_A_DEAL);
        }
      }
      if (isTrouble && made >= nextTrouble) {
        makeTrouble();
        nextTrouble = made + 1 + random.nextInt(MOST_BLOCKS_WITHOUT_TROUBLE);
      }
      bringBack();
      Optional<Duration> pace = pace();
      if (pace.isPresent() && Duration.between(lastTime, now).compareTo(pace.get()) > 0) {
        mine();
        made++;
        lastTime = now;
        if (!isTrouble) {
          lastBlock = Math.min(lastBlock, market.head() + 160);
          over = agreed.stream().allMatch(this::isOver);
        }
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  private void mine() {
    market.anvil.mine(1);
    rigs.forEach(rig -> headsAtBlock.put(rig, rig.gate.headsAsked()));
  }

  private long bytesLeft() throws IOException {
    long left = 0;
    for (MinerRig rig : rigs) {
      left += bytesIn(rig.home.resolve("replicas")) + bytesIn(rig.home.resolve("uploads"));
    }
    return left;
  }

  /** Whoever is away comes back, and sees what is over. */
  private void awaitDeletion(Instant limit) throws IOException {
    while (bytesLeft() > 0 && Instant.now().isBefore(limit)) {
      bringBack();
      if (pace().isPresent()) {
        mine();
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  private String whatBecameOf(DealState state) throws IOException {
    StringBuilder said = new StringBuilder();
    for (Deal deal : agreed) {
      if (market.client.queries().deal(deal.id()).map(DealSnapshot::state).orElse(DealState.NONE)
          == state) {
        Files.readAllLines(deal.rig().log).stream()
            .filter(line -> line.contains(deal.id().toString()) || line.contains("started"))
            .forEach(line -> said.append('\n').append(line));
      }
    }
    return said.toString();
  }

  private String open() {
    return agreed.stream()
        .filter(d -> !isOver(d))
        .map(d -> d.id() + " " + market.client.queries().deal(d.id()).map(DealSnapshot::state))
        .toList()
        .toString();
  }

  @Test
  void nothing_is_missed_and_nothing_piles_up() throws Exception {
    System.out.println("soak with seed " + seed);
    Instant began = Instant.now();
    while (!rigs.stream().allMatch(r -> r.process.isUp())) {
      assertTrue(rigs.stream().allMatch(r -> r.process.isAlive()), "a miner did not start");
      LockSupport.parkNanos(10_000_000);
    }
    Held first = held(rigs.getFirst());
    live(began.plusSeconds(300 + 20L * deals));
    Held last = held(rigs.getFirst());

    Map<DealState, Integer> states = new TreeMap<>();
    long missed = 0;
    long proved = 0;
    List<Address> losers = new ArrayList<>();
    for (Deal deal : agreed) {
      Optional<DealSnapshot> d = market.client.queries().deal(deal.id());
      states.merge(d.map(DealSnapshot::state).orElse(DealState.NONE), 1, Integer::sum);
      missed += d.map(DealSnapshot::missed).orElse(0L);
      proved += d.map(DealSnapshot::proved).orElse(0L);
      if (d.filter(x -> x.missed() > 0).isPresent()) {
        losers.add(deal.rig().miner);
      }
    }
    awaitDeletion(Instant.now().plusSeconds(60));
    long store = 0;
    for (MinerRig rig : rigs) {
      store = Math.max(store, bytesIn(rig.home.resolve("db")));
    }
    System.out.printf(
        "%d deals of %d miners in %d s, %d blocks: %s; %s; %d periods of deals proved, %d missed%n",
        agreed.size(),
        miners,
        Duration.between(began, Instant.now()).toSeconds(),
        market.head(),
        states,
        counts,
        proved,
        missed);
    System.out.printf(
        "the process that was never killed: %s at its start, %s at the end; largest store %d KiB%n",
        first, last, store >> 10);
    assertEquals(0, missed, "missed periods with seed " + seed + " of " + losers);
    assertTrue(
        states.getOrDefault(DealState.COMPLETED, 0) >= agreed.size() * 9 / 10,
        states + " with seed " + seed + whatBecameOf(DealState.NONE));
    assertTrue(last.files() <= first.files() + 40, first + " → " + last);
    assertTrue(last.threads() <= first.threads() + 30, first + " → " + last);
    assertTrue(last.heapKiB() <= first.heapKiB() + (96 << 10), first + " → " + last);
    assertTrue(store < 64L << 20, store + " bytes of a store");
    assertEquals(0, bytesLeft(), "bytes of deals that are over");
  }
}
