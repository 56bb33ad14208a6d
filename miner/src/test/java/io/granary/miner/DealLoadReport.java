package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.Await;
import io.granary.miner.testing.ManyDeals;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Renter;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.grpc.CallAuth;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.v1.AuditServiceGrpc;
import io.granary.v1.ProofAccepted;
import io.granary.v1.PushOutcome;
import io.granary.v1.PushPeriodProofsRequest;
import io.granary.v1.PushPeriodProofsResponse;
import io.grpc.stub.StreamObserver;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a node costs with many active deals: processor time of each block and period, memory, start.
 * Not part of the tests: {@code tools/bench-load.sh} runs it, with the number of deals in
 * GRANARY_LOAD_DEALS. Chain and auditor are models in the same process, so their time is in the
 * figures of the process; the loops' own are told apart.
 */
class DealLoadReport {
  private static final int PIECE = 127 * 64;
  private static final int PERIODS = 400;
  private static final int MEASURED = 3;
  private static final Duration LIMIT = Duration.ofMinutes(10);

  /** Blocks of each period in which nothing falls due that are measured. */
  private static final int BLOCKS = 3;

  /** The loops at each block. */
  private static final List<String> LOOPS =
      List.of("miner-deals", "miner-proving", "miner-demands", "miner-rehearsing");

  @TempDir Path dir;
  private final EthKey auditorKey = EthKey.generate();
  private final AtomicLong received = new AtomicLong();

  /** Takes everything. */
  private final class Sink extends AuditServiceGrpc.AuditServiceImplBase {
    @Override
    public void pushPeriodProofs(
        PushPeriodProofsRequest request, StreamObserver<PushPeriodProofsResponse> observer) {
      PushPeriodProofsResponse.Builder response = PushPeriodProofsResponse.newBuilder();
      request
          .getProofsList()
          .forEach(
              p ->
                  response.addOutcomes(
                      PushOutcome.newBuilder().setAccepted(ProofAccepted.getDefaultInstance())));
      received.addAndGet(request.getProofsCount());
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }

  /** Processor time so far: of the process, and of the threads of a name that are alive. */
  private record Cpu(double process, Map<String, Double> threads) {
    static Cpu now() {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      Map<String, Double> byName = new TreeMap<>();
      for (ThreadInfo t : threads.getThreadInfo(threads.getAllThreadIds())) {
        if (t != null && t.getThreadName().startsWith("miner-")) {
          byName.merge(
              t.getThreadName(), threads.getThreadCpuTime(t.getThreadId()) / 1e9, Double::sum);
        }
      }
      var os =
          (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      return new Cpu(os.getProcessCpuTime() / 1e9, byName);
    }

    Cpu since(Cpu before) {
      Map<String, Double> spent = new TreeMap<>();
      threads.forEach((name, t) -> spent.put(name, t - before.threads.getOrDefault(name, 0.0)));
      return new Cpu(process - before.process, spent);
    }

    Cpu plus(Cpu other) {
      Map<String, Double> sum = new TreeMap<>(threads);
      other.threads.forEach((name, t) -> sum.merge(name, t, Double::sum));
      return new Cpu(process + other.process, sum);
    }

    Cpu over(int n) {
      Map<String, Double> share = new TreeMap<>();
      threads.forEach((name, t) -> share.put(name, t / n));
      return new Cpu(process / n, share);
    }

    static Cpu none() {
      return new Cpu(0, Map.of());
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%8.3f s", process));
      threads.forEach(
          (name, t) -> {
            if (t >= 0.0005) {
              text.append(String.format(Locale.ROOT, "  %s %.3f", name.substring(6), t));
            }
          });
      return text.toString();
    }
  }

  private NodeServer auditor(ModelChain chain) throws Exception {
    TlsIdentity tls = TlsIdentity.loadOrCreate(dir.resolve("auditor"));
    NodeServer server =
        NodeServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            tls,
            new CallAuth(ModelChain.DOMAIN, auditorKey.address(), Clock.systemUTC()),
            List.of(new Sink()));
    chain.registerAuditor(
        new PeerRecord(auditorKey.address(), "127.0.0.1:" + server.port(), tls.tlsKeyHash()));
    return server;
  }

  private DealProposal terms(MinerFixture f, Hash32 pieceRoot) {
    DealProposal p = f.terms(pieceRoot, PIECE, PERIODS);
    return new DealProposal(
        p.client(),
        p.miner(),
        auditorKey.address(),
        p.pieceRoot(),
        p.size(),
        p.sealProfile(),
        p.periods(),
        p.price(),
        p.collateral(),
        p.publishBy(),
        p.activateBy(),
        p.replaces(),
        p.salt());
  }

  private static void mine(ModelChain chain, int blocks) {
    for (int i = 0; i < blocks; i++) {
      chain.mine();
      awaitRound(chain);
    }
  }

  private static void awaitRound(ModelChain chain) {
    // Twice: a loop that asks again has ended its round for this head.
    Await.until(
        "the loops have seen block " + chain.head().number(),
        () -> LOOPS.stream().allMatch(loop -> chain.looks(loop) >= 2),
        LIMIT);
  }

  private static void say(String what, Object value) {
    System.out.printf(Locale.ROOT, "%-34s %s%n", what, value);
  }

  private static String heap() {
    System.gc();
    long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    return String.format(Locale.ROOT, "%8.1f MB", used / 1e6);
  }

  private static String peak() {
    long peak =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(p -> p.getType() == MemoryType.HEAP)
            .mapToLong(p -> p.getPeakUsage().getUsed())
            .sum();
    return String.format(Locale.ROOT, "%8.1f MB", peak / 1e6);
  }

  @Test
  void report() throws Exception {
    int deals = Integer.parseInt(System.getenv().getOrDefault("GRANARY_LOAD_DEALS", "100"));
    byte[] piece = Renter.piece(PIECE, 1);
    try (MinerFixture f = new MinerFixture(dir);
        NodeServer auditing = auditor(f.chain)) {
      Tuning t = Tuning.defaults();
      f.with(
          c ->
              c.withTuning(t)
                  .withCare(new CarePolicy(CarePolicy.defaults().scrubBytesPerSecond(), true)));
      Hash32 root = Renter.root(piece);
      ManyDeals.make(deals, f.home(), f.chain, () -> terms(f, root), piece);
      say("deals", deals);
      long began = System.nanoTime();
      Cpu before = Cpu.now();
      f.start();
      say("start, wall", String.format(Locale.ROOT, "%8.3f s", (System.nanoTime() - began) / 1e9));
      say("start, CPU", Cpu.now().since(before));
      awaitRound(f.chain);
      say("first block, CPU", Cpu.now().since(before));
      say("heap after GC", heap());
      PeriodClock clock = f.chain.clock(f.miner);
      Cpu planning = Cpu.none();
      Cpu proving = Cpu.none();
      double wall = 0;
      // The first period warms up.
      for (int period = 0; period <= MEASURED; period++) {
        boolean counts = period > 0;
        long duty = clock.nextDuty(f.chain.head().number().value() + 1);
        long due = clock.challengeBlock(duty) + f.config().confirmations();
        f.chain.mineTo(due - BLOCKS - 1);
        awaitRound(f.chain);
        Cpu start = Cpu.now();
        mine(f.chain, BLOCKS);
        planning = counts ? planning.plus(Cpu.now().since(start)) : planning;
        start = Cpu.now();
        long at = System.nanoTime();
        mine(f.chain, 1);
        long all = (long) deals * (period + 1);
        Await.until("all proofs are pushed", () -> received.get() >= all, LIMIT);
        wall += counts ? (System.nanoTime() - at) / 1e9 : 0;
        proving = counts ? proving.plus(Cpu.now().since(start)) : proving;
        assertEquals(all, received.get(), "each proof is pushed once");
        f.chain.mineTo(clock.periodEnd(duty) - 1);
      }
      say("a block's planning, CPU", planning.over(MEASURED * BLOCKS));
      say("a period's audit proofs, CPU", proving.over(MEASURED));
      say("  signed and pushed within", String.format(Locale.ROOT, "%8.3f s", wall / MEASURED));
      Cpu idle = Cpu.now();
      Thread.sleep(Duration.ofSeconds(12));
      say("12 s without a block, CPU", Cpu.now().since(idle));
      say("heap after GC", heap());
      say("peak heap", peak());
      assertEquals(0, f.market.wrongProofs.get());
      assertEquals(MEASURED + 1, f.market.proofs.get());
      assertEquals(List.of(), List.copyOf(f.node().troubles()));
      assertTrue(auditing.port() > 0);
    }
  }
}
