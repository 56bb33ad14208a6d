package io.granary.app.doctor;

import io.granary.miner.MinerConfig;
import io.granary.miner.model.Footprint;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The disk: its room against what is promised, its speed against what the market asks. */
final class DiskChecks {
  /** Nodes that one opening reads at most: two paths of 2^30 leaves, and the leaf in both. */
  private static final int READS_PER_OPENING = 62;

  /** Every acknowledgement waits for a sync; beyond this uploads crawl. */
  private static final Duration SLOW_SYNC = Duration.ofMillis(100);

  private DiskChecks() {}

  /** Free room, and the part of the capacity that is in use, against the capacity. */
  static Finding space(MinerConfig config) throws IOException {
    long free = Files.getFileStore(config.home()).getUsableSpace();
    return space(
        free,
        bytesIn(config.home().resolve("replicas")) + bytesIn(config.home().resolve("uploads")),
        config.capacityBytes(),
        config.tuning().minFreeDiskBytes());
  }

  static Finding space(long free, long used, long capacity, long keptFree) {
    String found =
        mib(free) + " free, " + mib(used) + " of " + mib(capacity) + " offered are in use";
    if (free < keptFree) {
      return Finding.failed(
          "disk space",
          found + ", and " + mib(keptFree) + " must stay free",
          "free some space; nothing is uploaded or sealed until then");
    }
    long missing = capacity - used - (free - keptFree);
    if (missing > 0) {
      return Finding.warning(
          "disk space",
          found + ": " + mib(missing) + " more are offered than there are",
          "set capacityBytes in miner.json to at most "
              + Math.max(1, capacity - missing)
              + ", or use a larger disk");
    }
    return Finding.ok("disk space", found);
  }

  private static long bytesIn(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    long sum = 0;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        sum += Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    return sum;
  }

  /** What was measured against a period's proof and the sealing of the largest piece. */
  static List<Finding> speed(
      DiskSpeed speed, MinerConfig config, MarketTerms terms, Duration between) {
    return List.of(
        sync(speed.sync()),
        reads(speed.slowRead(), terms, between),
        sealing(speed, config, terms, between));
  }

  static Finding sync(Duration sync) {
    String found = "a small write is durable after " + millis(sync);
    return sync.compareTo(SLOW_SYNC) <= 0
        ? Finding.ok("disk sync", found)
        : Finding.warning(
            "disk sync",
            found + ", and every acknowledgement waits for one",
            "keep the miner's folder on a local SSD");
  }

  private static Finding reads(Duration slow, MarketTerms terms, Duration between) {
    Duration proof = slow.multipliedBy((long) READS_PER_OPENING * terms.challenges());
    Duration window = between.multipliedBy(terms.windowBlocks());
    String found =
        "a block is read in "
            + millis(slow)
            + " or less, a period's proof in "
            + seconds(proof)
            + " of a window of "
            + seconds(window);
    // Only a warning: nothing says that all reads are as slow as one in a hundred.
    return proof.compareTo(window.dividedBy(4)) <= 0
        ? Finding.ok("disk reads", found)
        : Finding.warning(
            "disk reads",
            found,
            "look for what else uses the disk, or use a faster one for replicas: proofs may come"
                + " too late");
  }

  private static Finding sealing(
      DiskSpeed speed, MinerConfig config, MarketTerms terms, Duration between) {
    long bytes = Math.min(config.ask().maxSize(), Footprint.largestPiece(config.capacityBytes()));
    RawSize largest = new RawSize(Math.max(1, bytes));
    double seconds =
        Footprint.peakBytes(largest) / speed.writeBytesPerSecond()
            + largest.bytes() / speed.readBytesPerSecond();
    Duration sealing = Duration.ofMillis(Math.round(seconds * 1000));
    Duration most = between.multipliedBy(terms.maxActivationBlocks());
    String found =
        String.format(
            Locale.ROOT,
            "%.0f MB/s written, %.0f MB/s read: the largest piece that you take (%s) is stored and"
                + " sealed in %s at best, of at most %s until a deal must be active",
            speed.writeBytesPerSecond() / 1e6,
            speed.readBytesPerSecond() / 1e6,
            mib(largest.bytes()),
            seconds(sealing),
            seconds(most));
    return sealing.compareTo(most.dividedBy(2)) <= 0
        ? Finding.ok("disk speed", found)
        : Finding.warning(
            "disk speed", found, "lower maxPieceBytes in miner.json, or use a faster disk");
  }

  private static String mib(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  private static String millis(Duration d) {
    return String.format(Locale.ROOT, "%.1f ms", d.toNanos() / 1e6);
  }

  static String seconds(Duration d) {
    return String.format(Locale.ROOT, "%.1f s", d.toMillis() / 1e3);
  }
}
