package io.granary.miner;

import io.granary.protocol.grpc.Quota;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Everything an operator can set; the defaults are here and nowhere else.
 *
 * @param home directory of the store, the pieces, the replicas and {@code status.json}
 * @param listenHost address the server binds
 * @param listenPort port the server binds; 0 takes a free one
 * @param advertisedEndpoint host:port that peers are told, as in the registry
 * @param capacityBytes bytes of disk promised to the market, staging included
 * @param ask what is asked for storage
 * @param pushProofs true: period proofs are pushed to each deal's auditor (Protocol §6)
 * @param confirmations blocks on top of a challenge block before a period proof is signed over its
 *     seed
 * @param sealingThreads pieces sealed at a time share this many threads
 * @param tuning intervals and thresholds
 * @param ops metrics, health and alerts
 * @param care how replicas are looked after
 * @param fees what a transaction that hurries may cost
 * @param filter whose deals are taken
 * @param drain how long a node that is to stop may take to end what runs
 * @param quota how much one peer may ask
 */
public record MinerConfig(
    Path home,
    String listenHost,
    int listenPort,
    String advertisedEndpoint,
    long capacityBytes,
    AskPolicy ask,
    boolean pushProofs,
    int confirmations,
    int sealingThreads,
    Tuning tuning,
    OpsConfig ops,
    CarePolicy care,
    FeeLimits fees,
    FilterPolicy filter,
    Duration drain,
    Quota quota) {

  /** Default port of a miner. */
  public static final int DEFAULT_PORT = 7420;

  /** Default of {@link #drain}: what supervisors leave at least, with room to close. */
  public static final Duration DEFAULT_DRAIN = Duration.ofSeconds(60);

  /** After that a node whose loops stand no longer passes for live. */
  private static final Duration LONGEST_DRAIN = Duration.ofMinutes(15);

  /** Default capacity, 64 GiB. */
  public static final long DEFAULT_CAPACITY_BYTES = 64L << 30;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the first that cannot be used, and what would do
   */
  public MinerConfig {
    if (listenPort < 0 || listenPort > 65_535) {
      throw new IllegalArgumentException("listenPort lies between 0 and 65535, not " + listenPort);
    }
    if (capacityBytes < 1) {
      throw new IllegalArgumentException(
          "capacityBytes must be positive, not " + capacityBytes + "; give the bytes to rent out");
    }
    if (confirmations < 0 || confirmations > 256) {
      throw new IllegalArgumentException(
          "confirmations lies between 0 and 256, not " + confirmations);
    }
    if (sealingThreads < 1 || sealingThreads > 256) {
      throw new IllegalArgumentException(
          "sealingThreads lies between 1 and 256, not " + sealingThreads);
    }
    if (drain.isNegative() || drain.compareTo(LONGEST_DRAIN) > 0) {
      throw new IllegalArgumentException(
          "drainSeconds lies between 0 (cut what runs) and "
              + LONGEST_DRAIN.toSeconds()
              + ", not "
              + drain.toSeconds());
    }
  }

  /**
   * The defaults under a home directory: loopback, {@link #DEFAULT_PORT}, 64 GiB, two sealing
   * threads.
   */
  public static MinerConfig defaults(Path home) {
    return new MinerConfig(
        home,
        "127.0.0.1",
        DEFAULT_PORT,
        "127.0.0.1:" + DEFAULT_PORT,
        DEFAULT_CAPACITY_BYTES,
        AskPolicy.defaults(),
        true,
        2,
        2,
        Tuning.defaults(),
        OpsConfig.none(),
        CarePolicy.defaults(),
        FeeLimits.defaults(),
        FilterPolicy.none(),
        DEFAULT_DRAIN,
        Quota.STANDARD);
  }

  /** What a changed copy is made of. */
  private static final class Copy {
    Path home;
    String listenHost;
    int listenPort;
    String advertisedEndpoint;
    long capacityBytes;
    AskPolicy ask;
    boolean pushProofs;
    int confirmations;
    int sealingThreads;
    Tuning tuning;
    OpsConfig ops;
    CarePolicy care;
    FeeLimits fees;
    FilterPolicy filter;
    Duration drain;
    Quota quota;

    Copy(MinerConfig c) {
      home = c.home;
      listenHost = c.listenHost;
      listenPort = c.listenPort;
      advertisedEndpoint = c.advertisedEndpoint;
      capacityBytes = c.capacityBytes;
      ask = c.ask;
      pushProofs = c.pushProofs;
      confirmations = c.confirmations;
      sealingThreads = c.sealingThreads;
      tuning = c.tuning;
      ops = c.ops;
      care = c.care;
      fees = c.fees;
      filter = c.filter;
      drain = c.drain;
      quota = c.quota;
    }

    MinerConfig done() {
      return new MinerConfig(
          home,
          listenHost,
          listenPort,
          advertisedEndpoint,
          capacityBytes,
          ask,
          pushProofs,
          confirmations,
          sealingThreads,
          tuning,
          ops,
          care,
          fees,
          filter,
          drain,
          quota);
    }
  }

  private MinerConfig with(Consumer<Copy> change) {
    Copy copy = new Copy(this);
    change.accept(copy);
    return copy.done();
  }

  /** The same in another home. */
  public MinerConfig withHome(Path other) {
    return with(c -> c.home = other);
  }

  /** The same with another address to bind and to advertise. */
  public MinerConfig withEndpoint(String host, int port, String advertised) {
    return with(
        c -> {
          c.listenHost = host;
          c.listenPort = port;
          c.advertisedEndpoint = advertised;
        });
  }

  /** The same with another capacity. */
  public MinerConfig withCapacityBytes(long bytes) {
    return with(c -> c.capacityBytes = bytes);
  }

  /** The same with another ask. */
  public MinerConfig withAsk(AskPolicy policy) {
    return with(c -> c.ask = policy);
  }

  /** The same, pushing period proofs or not. */
  public MinerConfig withPushProofs(boolean push) {
    return with(c -> c.pushProofs = push);
  }

  /** The same with another number of confirmations. */
  public MinerConfig withConfirmations(int blocks) {
    return with(c -> c.confirmations = blocks);
  }

  /** The same with other intervals and thresholds. */
  public MinerConfig withTuning(Tuning other) {
    return with(c -> c.tuning = other);
  }

  /** The same with other metrics, health and alerts. */
  public MinerConfig withOps(OpsConfig other) {
    return with(c -> c.ops = other);
  }

  /** The same with another care for replicas. */
  public MinerConfig withCare(CarePolicy other) {
    return with(c -> c.care = other);
  }

  /** The same with other limits of fees. */
  public MinerConfig withFees(FeeLimits other) {
    return with(c -> c.fees = other);
  }

  /** The same with another filter of deals. */
  public MinerConfig withFilter(FilterPolicy other) {
    return with(c -> c.filter = other);
  }

  /** The same with another time to end what runs. */
  public MinerConfig withDrain(Duration most) {
    return with(c -> c.drain = most);
  }

  /** The same with another quota for each peer. */
  public MinerConfig withQuota(Quota other) {
    return with(c -> c.quota = other);
  }
}
