package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.contracts.SeedKind;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.deploy.MarketDeployer;
import io.granary.contracts.deploy.MarketParameters;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary market}. */
@Command(
    name = "market",
    description = "Look at a market's terms, or deploy a new one.",
    subcommands = {MarketCommand.Show.class, MarketCommand.Deploy.class},
    mixinStandardHelpOptions = true)
public final class MarketCommand implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(500);

  @Override
  public Integer call() {
    throw new IllegalArgumentException("say what to do: granary market show or deploy");
  }

  /** {@code granary market show}. */
  @Command(
      name = "show",
      description = "Show what the market fixes for every deal, as its contract has it.")
  public static final class Show implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Override
    public Integer call() throws IOException {
      try (GranaryChain chain = common.connect(Optional.empty())) {
        Map<String, Object> v = describe(chain.terms(), chain.seedKind());
        common
            .market()
            .channels()
            .ifPresent(
                address -> {
                  v.put("channels", address.toString());
                  v.put("channelChallengeBlocks", chain.channels(address).challengeBlocks());
                });
        common.print(
            v, out -> v.forEach((k, value) -> out.println(String.format("%-22s %s", k, value))));
        return 0;
      }
    }

    private static Map<String, Object> describe(MarketTerms t, SeedKind seeds) {
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("ok", true);
      v.put("chainId", t.domain().chainId());
      v.put("market", t.domain().market().toString());
      v.put("token", t.token().toString());
      v.put("registry", t.registry().toString());
      v.put("seedSource", t.seedSource().toString());
      v.put("seedKind", seeds.label());
      v.put("periodBlocks", t.periodBlocks());
      v.put("windowBlocks", t.windowBlocks());
      v.put("challenges", t.challenges());
      v.put("sealChallenges", t.sealChallenges());
      v.put("sealDelay", t.sealDelay());
      v.put("maxMissRun", t.maxMissRun());
      v.put("withdrawNotice", t.withdrawNotice());
      v.put("collateralHold", t.collateralHold());
      v.put("maxPeriods", t.maxPeriods());
      v.put("maxActivationBlocks", t.maxActivationBlocks());
      v.put("missPenaltyBps", t.missPenaltyBps());
      v.put("priceBurnBps", t.priceBurnBps());
      v.put("expireBurnBps", t.expireBurnBps());
      v.put("tipCap", t.tipCap().toTokens());
      v.put("minPricePerLeafPeriod", t.minPricePerLeafPeriod().units());
      v.put("minCollateralPerLeaf", t.minCollateralPerLeaf().units());
      v.put("maintenanceNotice", t.maintenanceNotice());
      v.put("maintenancePeriods", t.maintenancePeriods());
      v.put("maintenanceQuarter", t.maintenanceQuarter());
      v.put("demandBlocks", t.demandBlocks());
      v.put("demandSpacing", t.demandSpacing());
      v.put("demandGas", t.demandGas());
      v.put("maxFaultyPeriods", t.maxFaultyPeriods());
      v.put("faultFeeBps", t.faultFeeBps());
      return v;
    }
  }

  /** {@code granary market deploy}. */
  @Command(
      name = "deploy",
      description =
          "Deploy a market: seed source, registry, market and payment channels, immutable and without an admin. The wallet in the home pays the gas and has no rights afterwards.",
      footer = {
        "",
        "Example: granary market deploy --rpc https://node.example.org --token 0x…",
        "         granary market deploy --rpc https://node.example.org --token 0x… --seed-source randao",
        "         granary market deploy --rpc http://127.0.0.1:8545 --devnet"
      })
  public static final class Deploy implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Option(
        names = "--token",
        paramLabel = "ADDRESS",
        description = "ERC-20 that prices and collateral are counted in.")
    @Nullable String token;

    @Option(
        names = "--devnet",
        description =
            "For a local chain (id 31337): short periods, a token worth nothing, paid by the chain's first account.")
    boolean devnet;

    @Option(
        names = "--seed-source",
        paramLabel = "KIND",
        defaultValue = "blockhash",
        description = {
          "What challenges are drawn from (default: ${DEFAULT-VALUE}).",
          "  blockhash: cheapest; whoever builds a challenge block can choose its draw.",
          "  randao: the beacon chain's randomness, 15,000 to 25,000 gas more a proof; for a public network with proof of stake."
        })
    String seedSource = SeedKind.BLOCK_HASH.label();

    @Option(
        names = "--out",
        paramLabel = "FILE",
        description = "Where the deployment file goes (default: deployment.json in the home).")
    @Nullable Path out;

    @Override
    public Integer call() throws IOException {
      RpcEndpoints endpoints =
          common
              .endpoints()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "say which chain: --rpc URL of a JSON-RPC endpoint"));
      if (endpoints.uris().size() > 1) {
        throw new IllegalArgumentException(
            "a market is deployed through one endpoint, not through "
                + endpoints
                + ": give one with --rpc; the deployment file will name it");
      }
      if (devnet == (token != null)) {
        throw new IllegalArgumentException(
            "give either --token ADDRESS, the ERC-20 of the market, or --devnet");
      }
      SeedKind seeds = SeedKind.parse(seedSource);
      Path file = out == null ? common.home().resolve("deployment.json") : out;
      if (Files.exists(file)) {
        throw new IOException(
            file + " names a market already; say --out FILE to keep both, or move it away");
      }
      Deployment d = deploy(endpoints, seeds);
      if (file.getParent() != null) {
        Files.createDirectories(file.getParent());
      }
      d.save(file);
      common.print(
          Map.of(
              "ok",
              true,
              "market",
              d.market().toString(),
              "registry",
              d.registry().toString(),
              "token",
              d.token().toString(),
              "channels",
              channels(d),
              "file",
              file.toString()),
          text -> {
            text.println("✓ market " + d.market() + " on chain " + d.chainId());
            text.println("  payment channels " + channels(d));
            text.println("  hand " + file + " to everyone who uses it");
          });
      return 0;
    }

    private static String channels(Deployment d) {
      return d.channels().orElseThrow().toString();
    }

    private Deployment deploy(RpcEndpoints endpoint, SeedKind seeds) throws IOException {
      EthKey payer = devnet ? Anvil.richKey() : common.wallet();
      try (MarketDeployer deployer = new MarketDeployer(endpoint.uris().getFirst(), payer, POLL)) {
        if (devnet && deployer.chainId() != Anvil.CHAIN_ID) {
          throw new IllegalArgumentException(
              "--devnet is for local chains with id "
                  + Anvil.CHAIN_ID
                  + ", and "
                  + endpoint
                  + " has "
                  + deployer.chainId()
                  + "; give --token ADDRESS");
        }
        return deployer.deploy(
            devnet ? MarketParameters.devnet() : MarketParameters.production(),
            seeds,
            Optional.ofNullable(token).map(Address::parse));
      }
    }
  }
}
