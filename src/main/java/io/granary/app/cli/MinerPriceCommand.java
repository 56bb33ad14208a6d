package io.granary.app.cli;

import io.granary.app.node.MinerSettings;
import io.granary.contracts.GranaryChain;
import io.granary.miner.AskPolicy;
import io.granary.miner.Tuning;
import io.granary.miner.money.BreakEven;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code granary miner price}. */
@Command(
    name = "price",
    description =
        "The lowest price at which deals pay for their gas, disk and collateral, for some sizes, beside what this miner asks. The market's parameters and the price of gas are the chain's; gas of each operation is that of docs/gas.md.",
    footer = {
      "",
      "Example: granary miner price --wei-per-token 400000000000000 --disk 3 --capital 5",
      "         granary miner price --bytes 1073741824 --periods 180 --deals 500"
    })
final class MinerPriceCommand extends MinerCommand.Place implements Callable<Integer> {
  private static final RawSize GIB = new RawSize(1L << 30);

  @Option(
      names = "--bytes",
      paramLabel = "BYTES",
      split = ",",
      defaultValue = "33554432,1073741824,34359738368",
      description = "Sizes of pieces (default: 32 MiB, 1 GiB, 32 GiB).")
  List<Long> bytes = List.of();

  @Option(
      names = "--periods",
      paramLabel = "N",
      defaultValue = "30",
      description = "Length of a deal (default: ${DEFAULT-VALUE}).")
  long periods;

  @Option(
      names = "--deals",
      paramLabel = "N",
      defaultValue = "20",
      description = "So many deals share each proof (default: ${DEFAULT-VALUE}).")
  long deals;

  @Option(
      names = "--wei-per-gas",
      paramLabel = "WEI",
      description = "Price of gas (default: the base fee of the newest block).")
  @Nullable BigInteger weiPerGas;

  @Option(
      names = "--wei-per-token",
      paramLabel = "WEI",
      description = "What a token is worth (default: 'weiPerToken' in miner.json).")
  @Nullable BigInteger weiPerToken;

  @Option(
      names = "--disk",
      paramLabel = "TOKENS",
      defaultValue = "0",
      description = "A TiB of disk for 30 days, power and all (default: ${DEFAULT-VALUE}).")
  String disk = "0";

  @Option(
      names = "--capital",
      paramLabel = "PERCENT",
      defaultValue = "0",
      description =
          "What locked collateral costs in a year, at most two decimals (default: ${DEFAULT-VALUE}).")
  BigDecimal capital = BigDecimal.ZERO;

  @Option(
      names = "--block-seconds",
      paramLabel = "N",
      defaultValue = "12",
      description = "Time of a block (default: ${DEFAULT-VALUE}).")
  int blockSeconds;

  private record Row(RawSize size, BreakEven least, TokenAmount ask) {
    /** What the ask is above the lowest price, percent of that. */
    Optional<BigDecimal> margin() {
      BigInteger price = least.pricePerLeafPeriod().units();
      return price.signum() == 0
          ? Optional.empty()
          : Optional.of(
              new BigDecimal(ask.units().subtract(price))
                  .multiply(BigDecimal.valueOf(100))
                  .divide(new BigDecimal(price), 1, RoundingMode.FLOOR));
    }
  }

  @Override
  public Integer call() throws IOException {
    MinerSettings settings = place().settings();
    if (common.deployment == null) {
      common.deployment = place().dir().resolve("deployment.json");
    }
    AskPolicy policy = settings.config(place().dir()).ask();
    BigInteger token =
        Optional.ofNullable(weiPerToken)
            .or(() -> settings.fees().weiPerToken())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "say what a token is worth with --wei-per-token, or 'weiPerToken' in miner.json"));
    try (GranaryChain chain = common.connect(Optional.empty())) {
      BreakEven.Rates rates =
          new BreakEven.Rates(
              weiPerGas == null ? chain.queries().baseFee() : weiPerGas,
              token,
              TokenAmount.parseTokens(disk),
              bps(capital),
              blockSeconds);
      MarketTerms terms = chain.queries().terms();
      List<Row> rows = new ArrayList<>();
      for (long size : bytes) {
        rows.add(row(new RawSize(size), rates, policy, terms));
      }
      common.print(json(rates, rows), out -> print(out, rates, rows));
      return 0;
    }
  }

  private Row row(RawSize size, BreakEven.Rates rates, AskPolicy policy, MarketTerms terms) {
    BreakEven.Kind kind =
        new BreakEven.Kind(
            size,
            periods,
            deals,
            Tuning.defaults().settleEveryPeriods(),
            policy.collateralPerLeaf());
    return new Row(
        size,
        BreakEven.of(kind, rates, terms),
        policy.of(size.bytes(), periods).pricePerLeafPeriod());
  }

  private static int bps(BigDecimal percent) {
    try {
      return percent.movePointRight(2).intValueExact();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "--capital is a percentage with at most two decimals, not " + percent, e);
    }
  }

  private Map<String, Object> json(BreakEven.Rates rates, List<Row> rows) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("periods", periods);
    v.put("deals", deals);
    v.put("weiPerGas", rates.weiPerGas().toString());
    v.put("weiPerToken", rates.weiPerToken().toString());
    v.put("sizes", rows.stream().map(MinerPriceCommand::json).toList());
    return v;
  }

  private static Map<String, Object> json(Row row) {
    BreakEven least = row.least();
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("bytes", row.size().bytes());
    v.put("pricePerLeafPeriod", least.pricePerLeafPeriod().units().toString());
    v.put("pricePerGibPeriod", gib(least.pricePerLeafPeriod()));
    v.put("gas", least.gas().toTokens());
    v.put("disk", least.disk().toTokens());
    v.put("capital", least.capital().toTokens());
    v.put("collateral", least.collateral().toTokens());
    v.put("askPerLeafPeriod", row.ask().units().toString());
    v.put("marginPercent", row.margin().map(BigDecimal::toPlainString).orElse(null));
    return v;
  }

  private static String gib(TokenAmount perLeaf) {
    return Pricing.price(perLeaf, GIB, 1).toTokens();
  }

  private void print(PrintWriter out, BreakEven.Rates rates, List<Row> rows) {
    out.println(
        "deals of "
            + periods
            + " periods, "
            + deals
            + " at a time, gas at "
            + rates.weiPerGas()
            + " wei; prices in token units for a leaf and period, costs of a deal in tokens");
    List<List<String>> table = new ArrayList<>();
    table.add(
        List.of(
            "SIZE",
            "BREAK-EVEN",
            "TOKENS/GiB",
            "GAS",
            "DISK",
            "CAPITAL",
            "COLLATERAL",
            "ASK",
            "MARGIN"));
    for (Row row : rows) {
      BreakEven least = row.least();
      table.add(
          List.of(
              Out.bytes(row.size().bytes()),
              least.pricePerLeafPeriod().units().toString(),
              gib(least.pricePerLeafPeriod()),
              least.gas().toTokens(),
              least.disk().toTokens(),
              least.capital().toTokens(),
              least.collateral().toTokens(),
              row.ask().units().toString(),
              row.margin().map(m -> m.toPlainString() + " %").orElse("-")));
    }
    Out.table(out, table);
    out.println(
        "misses, faults and traffic are not in it; 'granary miner update --price' changes the ask, 'tiers' in miner.json lower it by size and length");
  }
}
