package io.granary.app.cli;

import io.granary.contracts.ChainQueries;
import io.granary.contracts.ChannelGateway;
import io.granary.contracts.GranaryChain;
import io.granary.miner.MinerNode;
import io.granary.miner.money.Earnings;
import io.granary.miner.money.EarningsReader;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary miner earnings}. */
@Command(
    name = "earnings",
    description =
        "Profit and loss: what deals paid and may still pay, what was cut from the collateral, what is locked, and the gas of the operator's transactions. Counted from the market's events and compared with the contract to the last unit. A payment counts in the block that settled it.",
    footer = {
      "",
      "Example: granary miner earnings",
      "         granary miner earnings --periods 120..149 --json"
    })
final class MinerEarningsCommand extends MinerCommand.Place implements Callable<Integer> {
  private static final Pattern RANGE = Pattern.compile("(\\d{1,9})\\.\\.(\\d{1,9})");

  @Option(
      names = "--periods",
      paramLabel = "A..B",
      description = "Only the blocks of the miner's periods A to B, both included.")
  @Nullable String periods;

  @Option(names = "--since", paramLabel = "BLOCK", description = "Only from this block on.")
  @Nullable Long since;

  @Mixin ChannelOption channels = new ChannelOption();

  private record Blocks(long from, long to) {}

  private Blocks blocks(PeriodClock clock) {
    if (periods != null && since != null) {
      throw new IllegalArgumentException("say --periods or --since, not both");
    }
    if (since != null && since < 0) {
      throw new IllegalArgumentException("--since is a block, not " + since);
    }
    if (periods == null) {
      return new Blocks(since == null ? 0 : since, Long.MAX_VALUE);
    }
    Matcher m = RANGE.matcher(periods);
    if (!m.matches() || Long.parseLong(m.group(1)) > Long.parseLong(m.group(2))) {
      throw new IllegalArgumentException(
          "--periods is A..B with A not above B, for example 120..149, not " + periods);
    }
    long first = Long.parseLong(m.group(1));
    return new Blocks(
        Math.max(0, clock.periodEnd(first) - clock.periodBlocks()),
        clock.periodEnd(Long.parseLong(m.group(2))) - 1);
  }

  @Override
  public Integer call() throws IOException {
    Address miner = place().settings().id();
    if (common.deployment == null) {
      common.deployment = place().dir().resolve("deployment.json");
    }
    // Before the node has run there is no journal, and nothing that it could hold.
    List<TxCost> journal =
        Files.isDirectory(place().dir().resolve("db"))
            ? MinerNode.readCosts(place().dir())
            : List.of();
    try (GranaryChain chain = common.connect(Optional.empty())) {
      ChainQueries q = chain.queries();
      Blocks blocks = blocks(q.clock(miner));
      Set<Address> operators = new LinkedHashSet<>();
      q.miner(miner).ifPresent(m -> operators.add(m.operator()));
      journal.forEach(c -> operators.add(c.sender()));
      Earnings earnings =
          new EarningsReader(q, q, q, q)
              .read(miner, operators, blocks.from(), blocks.to(), journal);
      Optional<TokenAmount> redeemed = redeemed(chain, earnings);
      Optional<BigInteger> weiPerToken = place().settings().fees().weiPerToken();
      common.print(
          EarningsReport.json(earnings, redeemed, weiPerToken),
          out -> EarningsReport.print(out, earnings, redeemed, weiPerToken));
      return earnings.check().agrees() ? 0 : 1;
    }
  }

  /** What vouchers paid; empty when no payment channels are known. */
  private Optional<TokenAmount> redeemed(GranaryChain chain, Earnings e) throws IOException {
    if (channels.address == null && common.market().channels().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        channels
            .open(common, chain)
            .redemptions(e.miner(), new BlockNumber(e.from()), new BlockNumber(e.to()))
            .stream()
            .map(ChannelGateway.Redeemed::paid)
            .reduce(TokenAmount.ZERO, TokenAmount::plus));
  }
}
