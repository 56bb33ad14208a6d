package io.granary.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.miner.testing.ManyDeals;
import io.granary.miner.testing.ManyTransfers;
import io.granary.miner.testing.Renter;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;
import io.grpc.netty.shaded.io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a node needs for many transfers at once. Not part of the tests: {@code tools/bench-load.sh}
 * runs it, with the node's heap in this JVM and the peers in another. What it holds against the
 * node: nobody is answered anything but all bytes or BUSY.
 */
class TransferLoadReport {
  private static final int UPLOADS = number("GRANARY_LOAD_UPLOADS", 200);
  private static final int RETRIEVALS = number("GRANARY_LOAD_RETRIEVALS", 500);
  private static final int PIECE = number("GRANARY_LOAD_PIECE_MIB", 8) << 20;

  @TempDir Path dir;

  private static int number(String name, int usual) {
    return Integer.parseInt(System.getenv().getOrDefault(name, String.valueOf(usual)));
  }

  /** The most that was in use at any look. */
  private static final class Peaks implements AutoCloseable {
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Thread thread = Thread.ofPlatform().name("peaks").start(this::run);
    private long heap;
    private long live;
    private long transport;
    private long buffers;

    private void run() {
      List<BufferPoolMXBean> pools =
          ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .filter(p -> p.getName().equals("direct"))
              .toList();
      while (!ended.get()) {
        heap = Math.max(heap, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        long afterGc = 0;
        for (var pool : ManagementFactory.getMemoryPoolMXBeans()) {
          if (pool.getCollectionUsage() != null) {
            afterGc += pool.getCollectionUsage().getUsed();
          }
        }
        live = Math.max(live, afterGc);
        transport = Math.max(transport, PlatformDependent.usedDirectMemory());
        buffers =
            Math.max(buffers, pools.stream().mapToLong(BufferPoolMXBean::getMemoryUsed).sum());
        try {
          Thread.sleep(10);
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    @Override
    public void close() throws InterruptedException {
      ended.set(true);
      thread.join();
    }
  }

  private static void say(String what, Object value) {
    System.out.printf(Locale.ROOT, "%-34s %s%n", what, value);
  }

  private static String mb(long bytes) {
    return String.format(Locale.ROOT, "%8.1f MB", bytes / 1e6);
  }

  private List<String> peers(Path plan) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                ManyTransfers.class.getName(),
                plan.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> said = process.inputReader().readAllLines();
    assertEquals(0, process.waitFor());
    return said;
  }

  @Test
  void report() throws Exception {
    byte[] piece = Renter.piece(PIECE, 1);
    try (MinerFixture f = new MinerFixture(dir)) {
      Tuning t = Tuning.defaults();
      f.with(c -> c.withTuning(t).withCapacityBytes(1L << 40));
      DealProposal[] stored = new DealProposal[1];
      ManyDeals.make(1, f.home(), f.chain, () -> stored[0] = f.terms(piece, 400), piece);
      f.start();
      DealId storedId =
          io.granary.protocol.crypto.Eip712.dealId(
              io.granary.miner.testing.ModelChain.DOMAIN, stored[0]);
      List<String> plan = new ArrayList<>();
      plan.add(f.miner.toString());
      plan.add(f.peer().endpoint());
      plan.add(f.tls.tlsKeyHash().toHex());
      plan.add(HexFormat.of().formatHex(f.clientKey.secretBytes()));
      plan.add(String.valueOf(PIECE));
      plan.add(String.valueOf(RETRIEVALS));
      plan.add(storedId.toString());
      for (int i = 0; i < UPLOADS; i++) {
        plan.add(f.renter().agree(f.terms(piece, 400)).toString());
      }
      Path file = dir.resolve("plan");
      Files.write(file, plan);
      say("uploads, retrievals at once", UPLOADS + ", " + RETRIEVALS + " of " + mb(PIECE).strip());
      long began = System.nanoTime();
      List<String> said;
      try (Peaks peaks = new Peaks()) {
        said = peers(file);
        say(
            "done within",
            String.format(Locale.ROOT, "%8.1f s", (System.nanoTime() - began) / 1e9));
        peaks.close();
        say("peak heap, with garbage", mb(peaks.heap));
        say("peak heap after a collection", mb(peaks.live));
        say("peak memory of the transport", mb(peaks.transport));
        say("peak memory of file transfers", mb(peaks.buffers));
      }
      said.forEach(line -> say("  answers", line));
      assertTrue(said.contains("upload done " + UPLOADS), said.toString());
      assertTrue(said.contains("retrieval done " + RETRIEVALS), said.toString());
      assertTrue(
          said.stream().allMatch(line -> line.contains(" done ") || line.contains(" BUSY ")),
          said.toString());
    }
  }
}
