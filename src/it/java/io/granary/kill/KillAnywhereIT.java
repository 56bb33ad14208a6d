package io.granary.kill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.grpc.PeerException;
import io.granary.contracts.DevMarket;
import io.granary.contracts.SeedKind;
import io.granary.kill.KillPoint.Phase;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.seal.SealedRange;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A miner process is killed with SIGKILL at every named step of a deal and at random moments, from
 * the first uploaded byte to the deletion of the data. Whatever the moment: no byte is lost that
 * was acknowledged, no transaction has its effect twice, no period is missed, and both parties end
 * with what they end with when nothing is killed.
 *
 * <p>{@code ./granary test} runs a choice of the points; all of them: {@code
 * tools/kill-anywhere.sh}. The seed is printed, and {@code -Dgranary.kill.seed} repeats it. Blocks
 * are made while the process is up: a miner that is down for a whole window misses it, whatever it
 * has on disk.
 */
class KillAnywhereIT {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int PERIODS = 3;

  /** Between blocks; in a window a real chain leaves a process time to start, and so do we. */
  private static final Duration FAST = Duration.ofMillis(50);

  private static final Duration SLOW = Duration.ofSeconds(2);

  /** Two ranges, and something that is none. */
  private static final int BYTES = (int) (2 * SealedRange.RAW) + 1_000_000;

  private static final Pattern OPENED =
      Pattern.compile("event=\"upload-opened\".* offset=\"(\\d+)\"");

  private final long seed = Long.getLong("granary.kill.seed", System.nanoTime());
  private final boolean all = Boolean.getBoolean("granary.kill.all");
  private final Random random = new Random(seed);
  private final List<KillPoint> done = Collections.synchronizedList(new ArrayList<>());
  private final List<Long> offsets = Collections.synchronizedList(new ArrayList<>());

  /** The next to fire. */
  private final AtomicReference<Optional<KillPoint>> armed =
      new AtomicReference<>(Optional.empty());

  @TempDir Path dir;
  private DevMarket market;
  private MinerRig rig;
  private MinerProcess miner;
  private Instant started = Instant.EPOCH;
  private Instant limit = Instant.EPOCH;

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir, SeedKind.BLOCK_HASH, seed);
    rig =
        new MinerRig(
            market,
            dir,
            "miner",
            market.miner(),
            market.operatorKey,
            new ChainGate.Watch() {
              @Override
              public boolean before(String function) {
                return !fire(KillPoint.Trigger.BEFORE_SENT, function);
              }

              @Override
              public boolean after(String function) {
                return !fire(KillPoint.Trigger.AFTER_SENT, function);
              }
            },
            this::read);
    miner = rig.process;
    market.anvil.ask("evm_setAutomine", List.of(false));
  }

  @AfterEach
  void stop() throws IOException {
    rig.close();
    market.close();
  }

  // ---------------------------------------------------------------- the moments

  private static List<KillPoint> named() {
    List<KillPoint> points = new ArrayList<>();
    points.add(KillPoint.logged(Phase.UPLOAD, "upload-opened"));
    points.add(KillPoint.file(Phase.UPLOAD, ".part", 10 << 20));
    points.add(KillPoint.file(Phase.UPLOAD, ".part", 100 << 20));
    points.add(KillPoint.file(Phase.UPLOAD, ".piece-tree.tmp", 1));
    points.add(KillPoint.logged(Phase.SEAL, "uploaded"));
    points.add(KillPoint.logged(Phase.SEAL, "sealing"));
    points.add(KillPoint.file(Phase.SEAL, ".replica.tmp", 32 << 20));
    points.add(KillPoint.file(Phase.SEAL, ".replica.tmp", 80 << 20));
    points.add(KillPoint.file(Phase.SEAL, ".replica.tmp", 128 << 20));
    points.add(KillPoint.file(Phase.SEAL, ".replica", 1));
    points.add(KillPoint.beforeSent(Phase.PUBLISH, "publishDeals"));
    points.add(KillPoint.afterSent(Phase.PUBLISH, "publishDeals"));
    points.add(KillPoint.logged(Phase.ACTIVATE, "stage"));
    points.add(KillPoint.beforeSent(Phase.ACTIVATE, "activateDeals"));
    points.add(KillPoint.afterSent(Phase.ACTIVATE, "activateDeals"));
    points.add(KillPoint.logged(Phase.PROVE, "stage"));
    for (int period = 0; period < PERIODS - 1; period++) {
      points.add(KillPoint.beforeSent(Phase.PROVE, "prove"));
      points.add(KillPoint.afterSent(Phase.PROVE, "prove"));
      points.add(KillPoint.logged(Phase.PROVE, "proved"));
    }
    points.add(KillPoint.beforeSent(Phase.END, "complete"));
    points.add(KillPoint.afterSent(Phase.END, "complete"));
    points.add(KillPoint.logged(Phase.END, "data-deleted"));
    return points;
  }

  private List<KillPoint> anytime(int n) {
    List<KillPoint> points = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      Phase phase = Phase.values()[random.nextInt(Phase.END.ordinal())];
      points.add(KillPoint.millis(phase, random.nextInt(3_000)));
    }
    return points;
  }

  /** True when the armed point is this one: the process is dead then. */
  private boolean fire(KillPoint.Trigger trigger, String what) {
    Optional<KillPoint> next = armed.get();
    boolean hit =
        next.filter(p -> p.trigger() == trigger && p.what().equals(what)).isPresent()
            && armed.compareAndSet(next, Optional.empty());
    if (hit) {
      miner.kill();
      done.add(next.orElseThrow());
    }
    return hit;
  }

  private void read(String line) {
    Matcher opened = OPENED.matcher(line);
    if (opened.find()) {
      offsets.add(Long.parseLong(opened.group(1)));
    }
    armed
        .get()
        .filter(p -> line.contains("event=\"" + p.what() + "\""))
        .ifPresent(p -> fire(KillPoint.Trigger.LOGGED, p.what()));
  }

  private void watchFilesAndClock() throws IOException {
    KillPoint next = armed.get().orElse(null);
    if (next == null || !miner.isAlive()) {
      return;
    }
    boolean due =
        switch (next.trigger()) {
          case FILE -> sizeOf(next.what()) >= next.number();
          case MILLIS -> Duration.between(started, Instant.now()).toMillis() >= next.number();
          default -> false;
        };
    if (due) {
      fire(next.trigger(), next.what());
    }
  }

  private long sizeOf(String ending) throws IOException {
    try (Stream<Path> files = Files.walk(dir.resolve("miner"), 2)) {
      return files
          .filter(f -> f.getFileName().toString().endsWith(ending))
          .mapToLong(f -> f.toFile().length())
          .max()
          .orElse(0);
    }
  }

  // ---------------------------------------------------------------- the world around the miner

  private Phase phaseOf(DealId id) {
    Optional<DealSnapshot> deal = market.client.queries().deal(id);
    if (deal.isEmpty()) {
      Path replicas = dir.resolve("miner").resolve("replicas");
      if (Files.exists(replicas.resolve(id.hash().toHex() + ".replica"))) {
        return Phase.PUBLISH;
      }
      return uploaded ? Phase.SEAL : Phase.UPLOAD;
    }
    DealSnapshot d = deal.get();
    return switch (d.state()) {
      case PUBLISHED -> Phase.ACTIVATE;
      case ACTIVE ->
          market.head()
                  < market.client.queries().clock(market.miner()).periodEnd(d.end().index() - 1)
              ? Phase.PROVE
              : Phase.END;
      case COMPLETED ->
          Files.exists(
                  dir.resolve("miner").resolve("replicas").resolve(id.hash().toHex() + ".replica"))
              ? Phase.END
              : Phase.OVER;
      default -> throw new AssertionError("the deal is " + d.state());
    };
  }

  private volatile boolean uploaded;

  private Thread uploader(DealId id, Path file) {
    return Thread.ofVirtual()
        .start(
            () -> {
              while (!uploaded && !Thread.currentThread().isInterrupted()) {
                if (miner.isUp()) {
                  try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    rig.connection.upload(id, channel, BYTES, sent -> {});
                    uploaded = true;
                  } catch (PeerException killed) {
                    pause(); // and on with the next process
                  } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                  }
                } else {
                  pause();
                }
              }
            });
  }

  private static void pause() {
    LockSupport.parkNanos(1_000_000);
  }

  private void require(boolean inTime, String what) throws IOException {
    assertTrue(
        inTime && Instant.now().isBefore(limit),
        what + " with seed " + seed + " after " + done + "; armed " + armed + "\n" + miner.tail());
  }

  /** Whether a window is open, and neither the contract nor the pool has its proof. */
  private boolean proofIsAwaited() {
    PeriodClock clock = market.client.queries().clock(market.miner());
    long next = market.head() + 1;
    Period period = new Period(clock.periodAt(next));
    Map<?, ?> pool = (Map<?, ?>) market.anvil.ask("txpool_status", List.of());
    return clock.inWindow(period.index(), next)
        && pool.get("pending").equals("0x0")
        && !market.client.queries().isProved(market.miner(), period);
  }

  /** Sees that a process runs, that blocks come while it is up, and that what is due is killed. */
  private void live(DealId id, Deque<KillPoint> points) throws IOException {
    long headsAtBlock = 0;
    Instant lastBlock = Instant.EPOCH;
    Duration pace = FAST;
    Phase phase = Phase.UPLOAD;
    while (phase != Phase.OVER) {
      require(true, "the deal was not over");
      if (!miner.isAlive()) {
        phase = phaseOf(id);
        arm(phase, points);
        started = Instant.now();
        rig.start();
      }
      watchFilesAndClock();
      // The next block comes when the miner has looked at this one, so that no machine is too slow.
      if (miner.isUp()
          && rig.gate.headsAsked() >= headsAtBlock + 2
          && Duration.between(lastBlock, Instant.now()).compareTo(pace) > 0) {
        phase = phaseOf(id);
        arm(phase, points);
        if (phase.compareTo(Phase.PUBLISH) >= 0) {
          market.anvil.mine(1);
        }
        pace = phase == Phase.PROVE && proofIsAwaited() ? SLOW : FAST;
        headsAtBlock = rig.gate.headsAsked();
        lastBlock = Instant.now();
      }
      pause();
    }
  }

  /** Arms the first point of the phase, unless one is armed; what the deal is past stays undone. */
  private void arm(Phase phase, Deque<KillPoint> points) {
    while (!points.isEmpty() && points.getFirst().phase().compareTo(phase) < 0) {
      points.removeFirst();
    }
    armed.updateAndGet(now -> now.filter(p -> p.phase().compareTo(phase) >= 0));
    if (!points.isEmpty()
        && points.getFirst().phase() == phase
        && armed.compareAndSet(Optional.empty(), Optional.of(points.getFirst()))) {
      points.removeFirst();
    }
  }

  private record Balances(TokenAmount client, TokenAmount miner) {}

  private Balances balances() {
    return new Balances(
        market.client.queries().account(market.clientKey.address()).balance(),
        market.client.queries().account(market.miner()).balance());
  }

  /** One deal from its proposal to its end; returns what it has cost the client and earned. */
  private Balances deal(byte salt, Deque<KillPoint> points) throws Exception {
    limit = Instant.now().plus(LIMIT);
    uploaded = false;
    offsets.clear();
    byte[] data = market.data(BYTES + salt);
    byte[] piece = java.util.Arrays.copyOf(data, BYTES);
    Path file = Files.write(dir.resolve("piece"), piece);
    Balances before = balances();
    started = Instant.now();
    if (!miner.isAlive()) {
      rig.start();
    }
    while (!miner.isUp()) {
      require(miner.isAlive(), "the miner did not start");
      pause();
    }
    DealProposal proposal = market.proposal(piece, PERIODS);
    DealId id = market.idOf(proposal);
    rig.connection.propose(market.sign(proposal), rig.connection.ask());
    arm(Phase.UPLOAD, points);
    Thread uploading = uploader(id, file);
    try {
      live(id, points);
    } finally {
      uploading.interrupt();
      uploading.join();
    }
    DealSnapshot end = market.client.queries().deal(id).orElseThrow();
    assertEquals(DealState.COMPLETED, end.state());
    assertEquals(0, end.missed(), "missed periods with seed " + seed + " after " + done);
    List<Long> acknowledged = List.copyOf(offsets);
    assertEquals(
        acknowledged.stream().sorted().toList(), acknowledged, "acknowledged bytes were lost");
    Balances after = balances();
    return new Balances(
        TokenAmount.of(before.client().units().subtract(after.client().units()).longValueExact()),
        TokenAmount.of(after.miner().units().subtract(before.miner().units()).longValueExact()));
  }

  /** Whole calls of the operator that have had their effect, by function; a failed one is none. */
  private Map<String, Integer> effects(long fromBlock) {
    Map<String, Integer> counts = new TreeMap<>();
    for (long block = fromBlock; block <= market.head(); block++) {
      Map<?, ?> b =
          (Map<?, ?>)
              market.anvil.ask(
                  "eth_getBlockByNumber", List.of("0x" + Long.toHexString(block), true));
      for (Object entry : (List<?>) b.get("transactions")) {
        Map<?, ?> tx = (Map<?, ?>) entry;
        if (market.operatorKey.address().toString().equalsIgnoreCase(tx.get("from").toString())) {
          Map<?, ?> receipt =
              (Map<?, ?>) market.anvil.ask("eth_getTransactionReceipt", List.of(tx.get("hash")));
          String input = tx.get("input").toString();
          String name = rig.gate.function(input);
          if (name.equals("prove")) {
            // Its second argument is the period.
            name += " " + Integer.parseInt(input.substring(10 + 64, 10 + 128), 16);
          }
          counts.merge(
              receipt.get("status").equals("0x1") ? name : "failed " + name, 1, Integer::sum);
        }
      }
    }
    return counts;
  }

  /** What has an effect has it once; when deals are settled is up to the miner. */
  private void assertOnce(Map<String, Integer> effects) {
    Map<String, Integer> strict = new TreeMap<>(effects);
    strict.keySet().removeAll(Set.of("settle", "purge", "cancel"));
    String said = strict + " with seed " + seed + " after " + done;
    assertTrue(
        strict.keySet().containsAll(Set.of("publishDeals", "activateDeals", "complete")), said);
    assertTrue(
        strict.keySet().stream().filter(f -> f.startsWith("prove")).count() >= PERIODS, said);
    assertTrue(strict.values().stream().allMatch(times -> times == 1), said);
    assertTrue(strict.keySet().stream().noneMatch(f -> f.startsWith("failed")), said);
  }

  @Test
  void wherever_it_is_killed_nothing_is_lost_done_twice_or_missed() throws Exception {
    long from = market.head();
    Balances undisturbed = deal((byte) 0, new ArrayDeque<>());
    assertOnce(effects(from + 1));
    List<KillPoint> open = new ArrayList<>(named());
    if (!all) {
      Collections.shuffle(open, random);
      open = new ArrayList<>(open.subList(0, 6));
    }
    open.addAll(anytime(all ? 16 : 2));
    int points = open.size();
    System.out.println(points + " kills with seed " + seed);
    List<KillPoint> order = named();
    open.sort(
        Comparator.comparing(KillPoint::phase)
            .thenComparing(p -> p.trigger() == KillPoint.Trigger.MILLIS ? 0 : order.indexOf(p)));
    for (byte round = 1; !open.isEmpty() && round <= (all ? 6 : 1); round++) {
      from = market.head();
      assertEquals(undisturbed, deal(round, new ArrayDeque<>(open)), "tokens with seed " + seed);
      assertOnce(effects(from + 1));
      done.forEach(open::remove);
    }
    assertEquals(
        List.of(),
        Files.readAllLines(dir.resolve("miner.log")).stream()
            .filter(line -> line.contains(" ERROR "))
            .toList(),
        "with seed " + seed);
    done.forEach(p -> System.out.println("  killed " + p));
    open.forEach(p -> System.out.println("  not reached " + p));
    // One deal passes some moments only once, and a kill there takes the place of its neighbours'.
    assertTrue(done.size() >= (all ? points - 3 : points / 2), "kills that never came: " + open);
  }
}
