package io.granary.app.doctor;

import io.granary.contracts.EndpointProbe;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.proofs.Hash32;
import io.granary.protocol.grpc.Limits;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The RPC endpoint: is it the right chain, is it alive, does it answer what a node asks. */
final class EndpointChecks {
  /** No block for so long: the node itself raises an alert then. */
  private static final Duration STANDS = Duration.ofMinutes(3);

  /** Blocks are stamped in whole seconds, and clocks of proposers differ a little. */
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(2);

  /** Then a proof takes ten seconds more than its work, and following the chain falls behind. */
  private static final Duration SLOW_ANSWER = Duration.ofSeconds(1);

  /** The follower reads logs in pages of this many blocks first, and in smaller ones if it must. */
  private static final long LOG_BLOCKS = 5_000;

  private EndpointChecks() {}

  static Finding chain(EndpointProbe probe, Deployment deployment, String endpoint) {
    long id = probe.chainId();
    return id == deployment.chainId()
        ? Finding.ok("rpc", endpoint + " answers for chain " + id)
        : Finding.failed(
            "rpc",
            endpoint + " is of chain " + id + ", the market is on chain " + deployment.chainId(),
            "give an endpoint of chain " + deployment.chainId() + " with --rpc");
  }

  /** How long a question takes. */
  static Finding latency(Duration median) {
    String found = "an answer takes " + median.toMillis() + " ms";
    return median.compareTo(SLOW_ANSWER) <= 0
        ? Finding.ok("latency", found)
        : Finding.warning(
            "latency",
            found + ", and a proof waits for a dozen of them one after the other",
            "give a nearer or less busy endpoint with --rpc");
  }

  static boolean isLocal(Deployment deployment) {
    return deployment.chainId() == Anvil.CHAIN_ID;
  }

  /**
   * Time between blocks that the disk is measured against. A local chain makes them whenever it is
   * told to, a moment ago perhaps a hundred at once.
   */
  static Duration pace(EndpointProbe.Head head, boolean local) {
    Duration second = Duration.ofSeconds(1);
    return local && head.between().compareTo(second) < 0 ? second : head.between();
  }

  /** Whether the endpoint is alive, as far as this machine's clock can say. */
  static Finding head(EndpointProbe.Head head, Instant now, boolean local) {
    Duration age = Duration.between(head.at(), now);
    String found =
        "block "
            + head.number()
            + ", "
            + age.toSeconds()
            + " s old, one each "
            + DiskChecks.seconds(head.between());
    return local || age.compareTo(STANDS) <= 0
        ? Finding.ok("head", found)
        : Finding.failed(
            "head",
            found,
            "the endpoint stands still (or this machine's clock is ahead by as much): compare with"
                + " another endpoint, and check the clock");
  }

  /**
   * This machine's clock against the newest block's time: a block is never from the future, and
   * seldom older than a few block times.
   */
  static Finding clock(EndpointProbe.Head head, Instant now, boolean local) {
    Duration age = Duration.between(head.at(), now);
    if (local) {
      return Finding.ok(
          "clock",
          "this machine is " + words(age) + " the newest block; a local chain's time is its own");
    }
    if (age.compareTo(CLOCK_SLACK.negated()) < 0) {
      String found =
          "this machine's clock is behind by " + age.negated().toSeconds() + " s or more";
      String remedy = "set the clock by NTP: clients' tokens live only a minute";
      return age.negated().compareTo(Limits.AUTH_MAX.dividedBy(2)) < 0
          ? Finding.warning("clock", found, remedy)
          : Finding.failed("clock", found, remedy);
    }
    Duration usual = head.between().multipliedBy(5).plusSeconds(30);
    return age.compareTo(usual) <= 0
        ? Finding.ok(
            "clock", "this machine is " + words(age) + " the newest block, as it should be")
        : Finding.warning(
            "clock",
            "this machine is "
                + words(age)
                + " the newest block, "
                + usual.toSeconds()
                + " s at most are usual",
            "set the clock by NTP; if it is right, the endpoint is behind: give another with --rpc");
  }

  private static String words(Duration age) {
    return age.isNegative()
        ? age.negated().toSeconds() + " s behind"
        : age.toSeconds() + " s ahead of";
  }

  /** The logs that a node reads when it starts or was away. */
  static Finding logs(EndpointProbe probe, Deployment deployment, long head) {
    long from = Math.max(deployment.block(), head - LOG_BLOCKS + 1);
    String range = "logs of blocks " + from + " to " + head;
    try {
      return Finding.ok("logs", range + ": " + probe.logs(deployment.market(), from, head));
    } catch (RpcErrorException tooMany) {
      // Some endpoints bound the range; the node then asks for less.
      long fewer = Math.max(from, head - 99);
      try {
        probe.logs(deployment.market(), fewer, head);
        return Finding.warning(
            "logs",
            range + " are refused (" + tooMany.getMessage() + "), a hundred blocks are not",
            "the node asks for less by itself, which takes longer; an endpoint that allows "
                + LOG_BLOCKS
                + " blocks is better");
      } catch (RpcErrorException e) {
        return Finding.failed(
            "logs",
            "eth_getLogs is refused: " + e.getMessage(),
            "give an endpoint with --rpc that serves eth_getLogs");
      }
    }
  }

  /**
   * The oldest block that a proof's challenge can lie in, and that it is found by its hash too: one
   * name may stand for several machines, and what one of them told the next may not know.
   *
   * @param back how many blocks before the head it can lie
   */
  static Finding blocks(EndpointProbe probe, long head, long back) {
    long oldest = Math.max(0, head - back);
    Optional<Hash32> hash = probe.blockHash(oldest);
    if (hash.isEmpty()) {
      return Finding.failed(
          "blocks",
          "the endpoint does not have block " + oldest + ", which a challenge can need",
          "give an endpoint with --rpc that keeps the blocks of a day at least");
    }
    return probe.hasBlock(hash.get())
        ? Finding.ok("blocks", "the endpoint has blocks back to a period ago (" + oldest + ")")
        : Finding.warning(
            "blocks",
            "the endpoint tells block "
                + oldest
                + " by its number, but does not know its hash "
                + hash.get(),
            "give another endpoint with --rpc: behind this one are machines that disagree");
  }
}
