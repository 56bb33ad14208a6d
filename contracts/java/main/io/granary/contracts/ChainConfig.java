package io.granary.contracts;

import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.values.Address;
import java.time.Duration;

/**
 * How to reach a market.
 *
 * @param rpc JSON-RPC endpoints
 * @param market the market contract
 * @param deployedAt block of its deployment, where replays begin
 * @param confirmations blocks on top of a block before it counts; 0 on a devnet
 * @param poll how often the head is asked for
 * @param resendAfter how long a transaction may wait before its fee is raised
 * @param giveUpAfter how long a transaction may take in all
 */
public record ChainConfig(
    RpcEndpoints rpc,
    Address market,
    long deployedAt,
    int confirmations,
    Duration poll,
    Duration resendAfter,
    Duration giveUpAfter) {
  /** With the defaults of a public network. */
  public static ChainConfig of(RpcEndpoints rpc, Address market, long deployedAt) {
    return new ChainConfig(
        rpc,
        market,
        deployedAt,
        2,
        Duration.ofSeconds(2),
        Duration.ofSeconds(40),
        Duration.ofMinutes(10));
  }

  /** For a local chain that makes blocks of its own accord: no confirmations, quick polls. */
  public ChainConfig forDevnet() {
    return new ChainConfig(
        rpc,
        market,
        deployedAt,
        0,
        Duration.ofMillis(100),
        Duration.ofSeconds(10),
        Duration.ofMinutes(2));
  }
}
