package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.protocol.chain.MandateUse;
import io.granary.protocol.chain.RenewalLimits;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.SignedMandate;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code granary deal mandate}. */
@Command(
    name = "mandate",
    description =
        "Standing orders to renew a deal: its client signs one and can be away, anyone executes it near the deal's end for a tip.",
    subcommands = {
      MandateCommand.Sign.class,
      MandateCommand.Show.class,
      MandateCommand.Execute.class,
      MandateCommand.Revoke.class
    },
    mixinStandardHelpOptions = true)
public final class MandateCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException(
        "say what to do: granary deal mandate sign, show, execute or revoke");
  }

  private static Map<String, Object> describe(Mandate m) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("dealId", m.dealId().toString());
    v.put("periods", m.periods());
    v.put("times", m.times());
    v.put("maxPricePerPeriod", m.maxPricePerPeriod().toTokens());
    v.put("collateral", m.collateral().toTokens());
    v.put("budget", m.budget().toTokens());
    v.put("tip", m.tip().toTokens());
    v.put("expiresAt", m.expiresAt().value());
    return v;
  }

  private static String inWords(Mandate m) {
    return "up to "
        + m.times()
        + " times "
        + m.periods()
        + " periods at no more than "
        + m.maxPricePerPeriod().toTokens()
        + " tokens each, "
        + m.budget().toTokens()
        + " in all with a tip of "
        + m.tip().toTokens()
        + " a time, until block "
        + m.expiresAt();
  }

  /** {@code granary deal mandate sign}. */
  @Command(
      name = "sign",
      description =
          "Sign a mandate for an active deal of this wallet and print it as one word. Nothing is sent and nothing locked: keep enough in the balance for the renewals.",
      footer = {
        "",
        "Example: granary deal mandate sign 0x5f3a… --times 12 --periods 30 --max-price 0.2 --budget 80"
      })
  public static final class Sign implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Option(names = "--times", required = true, paramLabel = "N", description = "Most renewals.")
    long times;

    @Option(
        names = "--periods",
        required = true,
        paramLabel = "N",
        description = "Periods that each renewal adds.")
    long periods;

    @Option(
        names = "--max-price",
        required = true,
        paramLabel = "TOKENS",
        description = "Most that one period may cost.")
    String maxPrice = "";

    @Option(
        names = "--budget",
        required = true,
        paramLabel = "TOKENS",
        description = "Most that all renewals together take out of the balance, tips included.")
    String budget = "";

    @Option(
        names = "--tip",
        paramLabel = "TOKENS",
        description = "To whoever executes it, each time (default: 0.01, or the market's cap).")
    String tip = "0.01";

    @Option(
        names = "--blocks",
        paramLabel = "N",
        description = "Blocks from now on in which it may be executed (default: ${DEFAULT-VALUE}).")
    long blocks = 2_628_000;

    @Override
    public Integer call() throws IOException {
      DealId deal = DealCommand.parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealSnapshot before = DealCommand.find(chain, deal);
        if (before.state() != DealState.ACTIVE || !before.client().equals(key.address())) {
          throw new IllegalArgumentException(
              "only the client of an active deal signs a mandate for it; "
                  + deal
                  + " is "
                  + before.state()
                  + " and its client is "
                  + before.client());
        }
        if (times < 1 || periods < 1) {
          throw new IllegalArgumentException("--times and --periods are at least 1");
        }
        TokenAmount cap = chain.terms().tipCap();
        TokenAmount offered = TokenAmount.parseTokens(tip);
        Mandate mandate =
            new Mandate(
                deal,
                periods,
                times,
                TokenAmount.parseTokens(maxPrice),
                before.collateral(),
                TokenAmount.parseTokens(budget),
                cap.isLessThan(offered) ? cap : offered,
                chain.queries().head().number().plus(blocks));
        SignedMandate signed =
            new SignedMandate(mandate, key.sign(Eip712.mandate(chain.terms().domain(), mandate)));
        RenewalLimits limits = chain.queries().renewalLimits(before.miner());
        String word = MandateWord.print(signed);
        Map<String, Object> v = describe(mandate);
        v.put("ok", true);
        v.put("minerTakesMandates", limits.open());
        v.put("mandate", word);
        common.print(
            v,
            out -> {
              out.println("✓ a mandate: " + inWords(mandate));
              if (!limits.open()) {
                out.println(
                    "  ! the miner renews nothing by mandate now; it has to set its limits before the deal's end comes near");
              }
              out.println("  anyone executes it with:");
              out.println("  granary deal mandate execute " + word);
            });
      }
      return 0;
    }
  }

  /** {@code granary deal mandate show}. */
  @Command(
      name = "show",
      description = "Say what a mandate allows and what has been used of it.",
      footer = {"", "Example: granary deal mandate show 0x5f3a…:30:12:…"})
  public static final class Show implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "MANDATE", description = "What 'granary deal mandate sign' printed.")
    String word = "";

    @Override
    public Integer call() throws IOException {
      Mandate m = MandateWord.parse(word).mandate();
      try (GranaryChain chain = common.connect(Optional.empty())) {
        MandateUse use = chain.queries().mandateUse(Eip712.mandate(chain.terms().domain(), m));
        Map<String, Object> v = describe(m);
        v.put("used", use.used());
        v.put("spent", use.spent().toTokens());
        v.put("revoked", use.revoked());
        common.print(
            v,
            out -> {
              out.println(inWords(m));
              out.println(
                  "used "
                      + use.used()
                      + " times, spent "
                      + use.spent().toTokens()
                      + " tokens"
                      + (use.revoked() ? "; its client has taken it back" : ""));
            });
      }
      return 0;
    }
  }

  /** Sends something about a mandate. */
  abstract static class Act implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "MANDATE", description = "What 'granary deal mandate sign' printed.")
    String word = "";

    abstract TxResult act(GranaryChain chain, SignedMandate mandate);

    abstract String done(DealSnapshot after, SignedMandate mandate);

    @Override
    public Integer call() throws IOException {
      SignedMandate mandate = MandateWord.parse(word);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealCommand.find(chain, mandate.mandate().dealId());
        TxResult.Confirmed tx = act(chain, mandate).orThrow();
        DealSnapshot after = DealCommand.find(chain, mandate.mandate().dealId());
        Map<String, Object> v = DealCommand.describe(after);
        v.put("ok", true);
        v.put("transaction", tx.hash().toString());
        common.print(v, out -> out.println("✓ " + done(after, mandate) + "  (" + tx.hash() + ")"));
      }
      return 0;
    }
  }

  /** {@code granary deal mandate execute}. */
  @Command(
      name = "execute",
      description =
          "Renew a deal by its client's mandate, for the tip. Near the deal's end only, and not while its set is frozen.",
      footer = {"", "Example: granary deal mandate execute 0x5f3a…:30:12:…"})
  public static final class Execute extends Act {
    @Override
    TxResult act(GranaryChain chain, SignedMandate mandate) {
      return chain.actions().executeMandate(mandate);
    }

    @Override
    String done(DealSnapshot after, SignedMandate mandate) {
      return "the deal goes on until period "
          + after.end()
          + " at "
          + after.price().toTokens()
          + " tokens for its "
          + after.periods()
          + " periods; the tip is in this wallet's balance";
    }
  }

  /** {@code granary deal mandate revoke}. */
  @Command(
      name = "revoke",
      description = "Take a mandate of this wallet back, for good.",
      footer = {"", "Example: granary deal mandate revoke 0x5f3a…:30:12:…"})
  public static final class Revoke extends Act {
    @Override
    TxResult act(GranaryChain chain, SignedMandate mandate) {
      return chain.actions().revokeMandate(mandate.mandate());
    }

    @Override
    String done(DealSnapshot after, SignedMandate mandate) {
      return "nobody renews by this mandate any more; the deal ends before period " + after.end();
    }
  }

  /** {@code granary miner renewals}. */
  @Command(
      name = "renewals",
      description =
          "Show or set at what this miner's deals are renewed by their clients' mandates. Its collateral is bound without asking again, so only the owner sets it.",
      footer = {"", "Example: granary miner renewals --price 0.000001 --max-periods 90"})
  public static final class Renewals extends MinerCommand.Place implements Callable<Integer> {
    @Option(
        names = "--price",
        paramLabel = "TOKENS",
        description = "Price of one leaf (32 bytes) for one period. Zero: no mandates.")
    @Nullable String price;

    @Option(
        names = "--max-collateral",
        paramLabel = "TOKENS",
        description =
            "Most collateral of one leaf that a renewed deal may hold (default: 40 times the price, a third more than a miner of the default ask locks).")
    @Nullable String collateral;

    /** {@code miner init} asks 30 times its price of one leaf and period as collateral. */
    private static final long COLLATERAL_TIMES = 40;

    @Option(
        names = "--max-periods",
        paramLabel = "N",
        description = "Most periods that one renewal adds (default: ${DEFAULT-VALUE}).")
    long maxPeriods = 30;

    @Override
    public Integer call() throws IOException {
      EthKey owner = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(owner))) {
        Map<String, Object> v = new LinkedHashMap<>();
        if (price != null) {
          TokenAmount perLeaf = TokenAmount.parseTokens(price);
          TokenAmount most =
              collateral == null
                  ? perLeaf.times(COLLATERAL_TIMES)
                  : TokenAmount.parseTokens(collateral);
          TxResult.Confirmed tx =
              chain
                  .actions()
                  .setRenewalLimits(new RenewalLimits(perLeaf, most, maxPeriods))
                  .orThrow();
          v.put("ok", true);
          v.put("transaction", tx.hash().toString());
        } else if (collateral != null) {
          throw new IllegalArgumentException("--max-collateral needs --price beside it");
        }
        RenewalLimits limits = chain.queries().renewalLimits(owner.address());
        v.put("miner", owner.address().toString());
        v.put("open", limits.open());
        v.put("pricePerLeafPeriod", limits.pricePerLeafPeriod().toTokens());
        v.put("maxCollateralPerLeaf", limits.maxCollateralPerLeaf().toTokens());
        v.put("maxPeriods", limits.maxPeriods());
        common.print(
            v,
            out ->
                out.println(
                    limits.open()
                        ? "deals are renewed by mandate at "
                            + limits.pricePerLeafPeriod().toTokens()
                            + " tokens a leaf and period, for up to "
                            + limits.maxPeriods()
                            + " periods, with up to "
                            + limits.maxCollateralPerLeaf().toTokens()
                            + " tokens of collateral a leaf"
                        : "no deals are renewed by mandate now (no price is set, or the miner takes no deals); set one with --price"));
      }
      return 0;
    }
  }
}
