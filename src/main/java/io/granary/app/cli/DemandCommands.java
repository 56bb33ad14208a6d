package io.granary.app.cli;

import io.granary.auditor.DisputeEvidence;
import io.granary.contracts.GranaryChain;
import io.granary.proofs.LeafIndex;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * What a client or an auditor sends against a miner: {@code granary audit demand, resolve,
 * dispute}.
 */
final class DemandCommands {
  // The base fee rises by at most an eighth a block; a bond that is too small is refused.
  private static final BigInteger FOUR = BigInteger.valueOf(4);
  private static final BigInteger FIVE = BigInteger.valueOf(5);

  private DemandCommands() {}

  private static DealProposal terms(GranaryChain chain, DealId id) {
    return chain
        .queries()
        .events(chain.queries().deployedAt(), chain.queries().head().number())
        .stream()
        .filter(e -> e instanceof MarketEvent.DealPublished p && p.dealId().equals(id))
        .map(e -> ((MarketEvent.DealPublished) e).proposal())
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("no deal " + id + " was published in this market"));
  }

  private static String ether(BigInteger wei) {
    return new BigDecimal(wei).movePointLeft(18).stripTrailingZeros().toPlainString();
  }

  /** {@code granary audit demand}. */
  @Command(
      name = "demand",
      description =
          "Make the miner of an active deal open one leaf on chain; as its client or its auditor, with a bond in ether that the miner gets when it answers. Without an answer by the deadline the deal is forfeit ('granary audit resolve') and the bond comes back.",
      footer = {"", "Example: granary audit demand 0x5f3a… (a leaf at random)"})
  static final class Demand implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(index = "0", paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "LEAF",
        description = "Index of the leaf (default: one at random).")
    @Nullable Long leaf;

    @Override
    public Integer call() throws IOException {
      DealId deal = DealCommand.parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealProposal terms = terms(chain, deal);
        long leaves = terms.size().leafCount();
        if (leaf != null && (leaf < 0 || leaf >= leaves)) {
          throw new IllegalArgumentException(
              "the piece has leaves 0 to " + (leaves - 1) + ", not " + leaf);
        }
        LeafIndex wanted = new LeafIndex(leaf == null ? new SecureRandom().nextLong(leaves) : leaf);
        BigInteger bond = chain.queries().leastBond().multiply(FIVE).divide(FOUR);
        TxResult.Confirmed tx = chain.actions().demand(terms, wanted, bond).orThrow();
        boolean byAuditor = !key.address().equals(terms.client());
        // A quick miner has answered already.
        Optional<OpenDemand> open =
            chain.queries().demands(List.of(deal)).stream()
                .filter(d -> d.byAuditor() == byAuditor)
                .findFirst();
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("dealId", deal.toString());
        v.put("leaf", wanted.value());
        v.put("bondWei", bond.toString());
        v.put("answered", open.isEmpty());
        open.ifPresent(d -> v.put("deadline", d.deadline().value()));
        v.put("transaction", tx.hash().toString());
        common.print(
            v,
            out -> {
              out.println(
                  "✓ leaf "
                      + wanted.value()
                      + " is demanded with a bond of "
                      + ether(bond)
                      + " ether  ("
                      + tx.hash()
                      + ")");
              out.println(
                  open.map(
                          d ->
                              "The miner has until block "
                                  + d.deadline()
                                  + " to open it in both trees, and gets the bond. If it does not, 'granary audit resolve "
                                  + deal
                                  + "' ends the deal: the unspent price and half of the collateral go to the client, the bond comes back.")
                      .orElse("The miner has opened it already; the bond is its own."));
            });
        return 0;
      }
    }
  }

  /** {@code granary audit resolve}. */
  @Command(
      name = "resolve",
      description =
          "Close the demands on a deal that were not answered: the deal is forfeit as by 'granary deal terminate', the bonds go back to who demanded. Anyone may, for the tip.",
      footer = {"", "Example: granary audit resolve 0x5f3a…"})
  static final class Resolve implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Override
    public Integer call() throws IOException {
      DealId deal = DealCommand.parse(id);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealProposal terms = terms(chain, deal);
        List<OpenDemand> open = new ArrayList<>(chain.queries().demands(List.of(deal)));
        if (open.isEmpty()) {
          throw new IllegalArgumentException(
              "no demand on " + deal + " is open: its miner answered, or none was raised");
        }
        // Once the first has ended the deal the other bond is free too, whatever its deadline.
        open.sort(java.util.Comparator.comparing(OpenDemand::deadline));
        String last = "";
        for (OpenDemand d : open) {
          last = chain.actions().resolveDemand(terms, d.byAuditor()).orThrow().hash().toString();
        }
        Map<String, Object> v = DealCommand.describe(DealCommand.find(chain, deal));
        v.put("ok", true);
        v.put("resolved", open.size());
        v.put("transaction", last);
        String hash = last;
        common.print(
            v,
            out ->
                out.println(
                    "✓ the deal is "
                        + v.get("state")
                        + "; "
                        + open.size()
                        + " bond(s) can be withdrawn with 'granary withdraw --ether'  ("
                        + hash
                        + ")"));
        return 0;
      }
    }
  }

  /** {@code granary audit dispute}. */
  @Command(
      name = "dispute",
      description =
          "Show on chain that a leaf of a deal's replica is sealed wrong, from the evidence that an auditor has kept: the collateral is forfeit, half to the client, the rest burned. Anyone may; it earns nothing.",
      footer = {"", "Example: granary audit dispute ~/.granary/auditor/disputes/5f3a…-17.json"})
  static final class Dispute implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "FILE", description = "Evidence that an auditor has written.")
    Path file = Path.of("");

    @Override
    public Integer call() throws IOException {
      DisputeEvidence evidence = DisputeEvidence.load(file);
      EthKey key = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        DealProposal terms = terms(chain, evidence.dealId());
        TxResult.Confirmed tx =
            chain.actions().disputeSeal(terms, evidence.leaf(), evidence.openings()).orThrow();
        Map<String, Object> v = DealCommand.describe(DealCommand.find(chain, evidence.dealId()));
        v.put("ok", true);
        v.put("leaf", evidence.leaf().value());
        v.put("transaction", tx.hash().toString());
        common.print(
            v,
            out ->
                out.println(
                    "✓ leaf "
                        + evidence.leaf().value()
                        + " is sealed wrong: the deal is "
                        + v.get("state")
                        + ", its collateral forfeit  ("
                        + tx.hash()
                        + ")"));
        return 0;
      }
    }
  }
}
