package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.miner.testing.ManyDeals;
import io.granary.miner.testing.ManyTransfers;
import io.granary.miner.testing.ModelChain;
import io.granary.miner.testing.Renter;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;
import io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a node needs for many transfers at once. Not part of the tests: {@code tools/bench-load.sh}
 * runs it, with the node's heap in this JVM and the peers in another. It fails when a peer is
 * answered anything but all bytes or BUSY.
 */
class TransferLoadReport {
  private static final int UPLOADS = number("GRANARY_LOAD_UPLOADS", 200);
  private static final int RETRIEVALS = number("GRANARY_LOAD_RETRIEVALS", 500);
  private static final int PIECE = number("GRANARY_LOAD_PIECE_MIB", 1) << 20;
  private static final long PERIODS = 400;

  @TempDir Path dir;
  private final LongAccumulator heap = new LongAccumulator(Math::max, 0);
  private final LongAccumulator transport = new LongAccumulator(Math::max, 0);

  private static int number(String name, int usual) {
    return Integer.parseInt(System.getenv().getOrDefault(name, String.valueOf(usual)));
  }

  private void look() {
    heap.accumulate(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    transport.accumulate(PlatformDependent.usedDirectMemory());
  }

  private static double cpuSeconds() {
    var os =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return os.getProcessCpuTime() / 1e9;
  }

  private static void say(String what, Object value) {
    System.out.printf(Locale.ROOT, "%-34s %s%n", what, value);
  }

  private static void say(String what, double value, String unit) {
    say(what, String.format(Locale.ROOT, "%8.1f %s", value, unit));
  }

  private static List<String> transfer(Path plan) throws IOException, InterruptedException {
    Process peers =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                ManyTransfers.class.getName(),
                plan.toString())
            .redirectErrorStream(true)
            .start();
    List<String> said = peers.inputReader().readAllLines();
    assertEquals(0, peers.waitFor(), () -> String.join("\n", said));
    return said;
  }

  @Test
  void report() throws Exception {
    byte[] piece = Renter.piece(PIECE, ManyTransfers.Plan.SEED);
    try (MinerFixture f = new MinerFixture(dir)) {
      f.with(c -> c.withTuning(Tuning.defaults()).withCapacityBytes(1L << 40));
      DealProposal stored = f.terms(piece, PERIODS);
      ManyDeals.make(1, f.home(), f.chain, () -> stored, piece);
      f.start();
      List<DealId> uploads =
          Stream.generate(() -> f.renter().agree(f.terms(piece, PERIODS))).limit(UPLOADS).toList();
      Path plan = dir.resolve("plan");
      new ManyTransfers.Plan(
              f.peer(),
              f.clientKey,
              PIECE,
              RETRIEVALS,
              Eip712.dealId(ModelChain.DOMAIN, stored),
              uploads)
          .write(plan);
      say("uploads, retrievals at once", UPLOADS + ", " + RETRIEVALS);
      say("of a piece of", PIECE / 1e6, "MB");
      long began = System.nanoTime();
      double cpu = cpuSeconds();
      List<String> said;
      try (ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor()) {
        looks.scheduleAtFixedRate(this::look, 0, 10, TimeUnit.MILLISECONDS);
        said = transfer(plan);
      }
      said.forEach(line -> say("", line));
      say("done within", (System.nanoTime() - began) / 1e9, "s");
      say("CPU of the node", cpuSeconds() - cpu, "s");
      say("peak heap", heap.get() / 1e6, "MB");
      say("peak memory of the transport", transport.get() / 1e6, "MB");
    }
  }
}
