package io.granary.app.doctor;

import io.granary.contracts.EndpointProbe;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.grpc.Limits;
import java.time.Duration;
import java.time.Instant;

/** The RPC endpoint: is it the right chain, is it alive, does it answer what a node asks. */
final class EndpointChecks {
  /** No block for so long: the node itself raises an alert then. */
  private static final Duration STANDS = Duration.ofMinutes(3);

  /** Blocks are stamped in whole seconds, and clocks of proposers differ a little. */
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(2);

  /** The follower reads logs in pages of this many blocks first, and in smaller ones if it must. */
  private static final long LOG_BLOCKS = 5_000;

  private EndpointChecks() {}

  static Finding chain(EndpointProbe probe, Deployment deployment, String endpoint) {
    long id = probe.chainId();
    return id == deployment.chainId()
        ? Finding.ok("rpc", endpoint + " answers for chain " + id)
        : Finding.fail(
            "rpc",
            endpoint + " is of chain " + id + ", the market is on chain " + deployment.chainId(),
            "give an endpoint of chain " + deployment.chainId() + " with --rpc");
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
        : Finding.fail(
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
          ? Finding.warn("clock", found, remedy)
          : Finding.fail("clock", found, remedy);
    }
    Duration usual = head.between().multipliedBy(5).plusSeconds(30);
    return age.compareTo(usual) <= 0
        ? Finding.ok(
            "clock", "this machine is " + words(age) + " the newest block, as it should be")
        : Finding.warn(
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
        return Finding.warn(
            "logs",
            range + " are refused (" + tooMany.getMessage() + "), a hundred blocks are not",
            "the node asks for less by itself, which takes longer; an endpoint that allows "
                + LOG_BLOCKS
                + " blocks is better");
      } catch (RpcErrorException e) {
        return Finding.fail(
            "logs",
            "eth_getLogs is refused: " + e.getMessage(),
            "give an endpoint with --rpc that serves eth_getLogs");
      }
    }
  }

  /** The oldest block that a proof's challenge can lie in. */
  static Finding blocks(EndpointProbe probe, MarketTerms terms, long head) {
    long oldest = Math.max(0, head - terms.periodBlocks() - terms.windowBlocks());
    return probe.blockHash(oldest).isPresent()
        ? Finding.ok("blocks", "the endpoint has blocks back to a period ago (" + oldest + ")")
        : Finding.fail(
            "blocks",
            "the endpoint does not have block " + oldest + ", which a challenge can need",
            "give an endpoint with --rpc that keeps the blocks of a day at least");
  }
}
