package io.granary.app.cli;

import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.keys.Keystores;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What a miner's owner changes in the registry and announces on the market, with the wallet in the
 * home.
 */
final class MinerOwnerCommands {
  private MinerOwnerCommands() {}

  /** Sends one thing and says what came of it. */
  abstract static class Owners extends MinerCommand.Place implements Callable<Integer> {
    /** What was done, in words, and what else the JSON has. */
    record Done(TxResult.Confirmed tx, List<String> lines, Map<String, Object> more) {}

    abstract Done act(GranaryChain chain, EthKey owner) throws IOException;

    @Override
    public Integer call() throws IOException {
      EthKey owner = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(owner))) {
        Done done = act(chain, owner);
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("miner", owner.address().toString());
        v.putAll(done.more());
        v.put("transaction", done.tx().hash().toString());
        common.print(
            v,
            out -> {
              out.println(
                  "✓ " + String.join("\n  ", done.lines()) + "  (" + done.tx().hash() + ")");
            });
      }
      return 0;
    }
  }

  /** {@code granary miner pause}. */
  @Command(
      name = "pause",
      description =
          "Take no new deals from now on; those there are go on. The contract refuses what the operator would still publish.")
  static final class Pause extends Owners {
    @Override
    Done act(GranaryChain chain, EthKey owner) {
      return new Done(
          chain.actions().setAccepting(false).orThrow(),
          List.of("paused: no new deals; take them again with 'granary miner resume'"),
          Map.of("accepting", false));
    }
  }

  /** {@code granary miner end}. */
  @Command(
      name = "end",
      description =
          "End a deal at once, as its client agreed: the unspent price returns to it, the collateral to the miner.",
      footer = {"", "Example: granary miner end 0x5f3a… --consent 1234:0x…"})
  static final class End extends Owners {
    @Parameters(paramLabel = "DEAL", description = "Deal id.")
    String id = "";

    @Option(
        names = "--consent",
        required = true,
        paramLabel = "CONSENT",
        description = "What the client's 'granary deal end DEAL --now' printed.")
    String consent = "";

    @Override
    Done act(GranaryChain chain, EthKey owner) {
      DealId deal = DealCommand.parse(id);
      SignedEarlyEnd agreed = Consent.parse(deal, consent);
      DealSnapshot before = DealCommand.find(chain, deal);
      TxResult.Confirmed tx = chain.actions().endEarly(agreed).orThrow();
      return new Done(
          tx,
          List.of(
              "the deal has ended; "
                  + before.collateral().toTokens()
                  + " tokens of collateral were locked before"),
          Map.of(
              "dealId",
              deal.toString(),
              "state",
              DealCommand.find(chain, deal).state().toString()));
    }
  }

  /** {@code granary miner resume}. */
  @Command(name = "resume", description = "Take new deals again.")
  static final class Resume extends Owners {
    @Override
    Done act(GranaryChain chain, EthKey owner) {
      return new Done(
          chain.actions().setAccepting(true).orThrow(),
          List.of("takes new deals"),
          Map.of("accepting", true));
    }
  }

  /** {@code granary miner update}. */
  @Command(
      name = "update",
      description =
          "Change the endpoint, what the node binds, or the ask, in the registry and in the miner's folder; what is not named stays. Restart the node afterwards.",
      footer = {"", "Example: granary miner update --price 800000000"})
  static final class Update extends Owners {
    @Option(names = "--endpoint", paramLabel = "HOST:PORT", description = "What peers are told.")
    @Nullable String endpoint;

    @Option(names = "--listen", paramLabel = "HOST:PORT", description = "What the node binds.")
    @Nullable String listen;

    @Option(
        names = "--price",
        paramLabel = "UNITS",
        description = "Token units for one 32-byte leaf and period.")
    @Nullable Long price;

    @Option(
        names = "--collateral-per-leaf",
        paramLabel = "UNITS",
        description = "Token units locked for one leaf.")
    @Nullable Long collateralPerLeaf;

    @Override
    Done act(GranaryChain chain, EthKey owner) throws IOException {
      MinerHome home = place();
      MinerSettings s = home.settings();
      if (!s.id().equals(owner.address())) {
        throw new IllegalArgumentException(
            home.dir() + " is the folder of miner " + s.miner() + ", not of " + owner.address());
      }
      MinerSettings changed =
          s.with(
              endpoint == null ? s.endpoint() : endpoint,
              listen == null ? s.listen() : listen,
              price == null ? s.pricePerLeafPeriod() : price,
              collateralPerLeaf == null ? s.collateralPerLeaf() : collateralPerLeaf);
      changed.config(home.dir());
      // The chain first: when it refuses, the folder still says what the registry says.
      TxResult.Confirmed tx =
          chain
              .actions()
              .update(
                  owner.address(), changed.endpoint(), tlsKeyHash(chain, owner), changed.price())
              .orThrow();
      home.save(changed);
      return new Done(
          tx,
          List.of(
              "miner "
                  + s.miner()
                  + " is at "
                  + changed.endpoint()
                  + " and asks "
                  + changed.pricePerLeafPeriod()
                  + " units for a leaf and period",
              "restart the node, so that it knows"),
          Map.of(
              "endpoint",
              changed.endpoint(),
              "listen",
              changed.listen(),
              "pricePerLeafPeriod",
              changed.pricePerLeafPeriod(),
              "collateralPerLeaf",
              changed.collateralPerLeaf()));
    }
  }

  /** The registered key stays, whatever an older copy of the folder has. */
  private static Hash32 tlsKeyHash(GranaryChain chain, EthKey owner) {
    return MinerTlsCommand.registered(chain, owner.address()).peer().tlsKeyHash();
  }

  /** {@code granary miner rotate-operator}. */
  @Command(
      name = "rotate-operator",
      description =
          "Make a new operator key; the old one can do nothing more from the same block on. Stop the node before, and start it afterwards.")
  static final class RotateOperator extends Owners {
    @Override
    Done act(GranaryChain chain, EthKey owner) throws IOException {
      MinerHome home = place();
      EthKey next = home.nextOperator(common.newPassword(), Keystores.Strength.STANDARD);
      TxResult.Confirmed tx = chain.actions().setOperator(next.address()).orThrow();
      home.takeNextOperator();
      return new Done(
          tx,
          List.of(
              "the operator is " + next.address() + "; the old key is kept as operator-old.json",
              "send it ether for gas, and start the node again"),
          Map.of("operator", next.address().toString()));
    }
  }

  /** {@code granary miner maintenance}. */
  @Command(
      name = "maintenance",
      description =
          "Announce whole proving periods without duty: no pay, no slash, and no miss. Cannot be taken back. Without arguments: what is announced, and what is left of the quarter.",
      footer = {
        "",
        "Example: granary miner maintenance 812 2",
        "         granary miner maintenance --in 3 2",
        "         granary miner maintenance"
      })
  static final class Maintenance extends MinerCommand.Place implements Callable<Integer> {
    @Option(
        names = "--in",
        paramLabel = "N",
        description = "First period: so many after the current one; then only COUNT is given.")
    @Nullable Long in;

    @Parameters(
        arity = "0..2",
        paramLabel = "FIRST_PERIOD COUNT",
        description = "First period, and how many.")
    List<String> given = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
      List<Long> numbers = given.stream().map(Maintenance::number).toList();
      int wanted = in == null ? 2 : 1;
      if (!numbers.isEmpty() && numbers.size() != wanted || in != null && numbers.isEmpty()) {
        throw new IllegalArgumentException(
            "say FIRST_PERIOD COUNT, or --in N COUNT; without any of them announcements are shown");
      }
      EthKey owner = common.wallet();
      try (GranaryChain chain = common.connect(Optional.of(owner))) {
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("miner", owner.address().toString());
        List<String> lines = new ArrayList<>();
        long current =
            chain
                .queries()
                .clock(owner.address())
                .periodAt(chain.queries().head().number().value());
        if (!numbers.isEmpty()) {
          announce(chain, owner.address(), current, numbers, v, lines);
        }
        show(chain, owner.address(), current, v, lines);
        common.print(v, out -> lines.forEach(out::println));
      }
      return 0;
    }

    private static long number(String text) {
      try {
        return Long.parseLong(text);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "not a number: '" + text + "'; FIRST_PERIOD and COUNT are whole numbers", e);
      }
    }

    private void announce(
        GranaryChain chain,
        Address miner,
        long current,
        List<Long> numbers,
        Map<String, Object> v,
        List<String> lines) {
      long first = in == null ? numbers.getFirst() : current + in;
      long count = numbers.getLast();
      long most = 0xffff_ffffL;
      if (first < 0 || first > most || count < 1 || count > most) {
        throw new IllegalArgumentException(
            "FIRST_PERIOD and COUNT are a period from 0 and a number of periods from 1, not "
                + first
                + " and "
                + count);
      }
      TxResult.Confirmed tx =
          chain.actions().announceMaintenance(miner, new Period(first), count).orThrow();
      v.put("firstPeriod", first);
      v.put("count", count);
      v.put("transaction", tx.hash().toString());
      lines.add(
          "✓ announced: no duty in "
              + (count == 1 ? "period " + first : "periods " + first + " to " + (first + count - 1))
              + ", blocks "
              + chain.queries().clock(miner).periodEnd(first - 1)
              + " to "
              + (chain.queries().clock(miner).periodEnd(first + count - 1) - 1)
              + "  ("
              + tx.hash()
              + ")");
    }

    private static void show(
        GranaryChain chain,
        Address miner,
        long current,
        Map<String, Object> v,
        List<String> lines) {
      MarketTerms terms = chain.terms();
      long earliest = current + terms.maintenanceNotice();
      List<Long> announced =
          chain
              .queries()
              .excused(miner, new Period(current), new Period(earliest + terms.maxPeriods()))
              .stream()
              .map(Period::index)
              .toList();
      long quarter = earliest / terms.maintenanceQuarter();
      long left = chain.queries().maintenanceLeft(miner, new Period(earliest));
      long next =
          chain
              .queries()
              .maintenanceLeft(miner, new Period((quarter + 1) * terms.maintenanceQuarter()));
      v.put("period", current);
      v.put("announced", announced);
      v.put("earliest", earliest);
      v.put("quarterEnd", (quarter + 1) * terms.maintenanceQuarter());
      v.put("left", left);
      v.put("leftNextQuarter", next);
      lines.add("period " + current + " is running; the first to announce is " + earliest);
      lines.add(
          "announced: "
              + (announced.isEmpty()
                  ? "nothing"
                  : announced.stream().map(String::valueOf).collect(Collectors.joining(", "))));
      lines.add(
          "left: "
              + left
              + " before period "
              + (quarter + 1) * terms.maintenanceQuarter()
              + ", "
              + next
              + " in the quarter after");
    }
  }

  /** {@code granary miner exit}. */
  @Command(
      name = "exit",
      description =
          "Announce to leave: no new deals; keep the node running until the last deal is over. Run it again with --withdraw then, to take the stake back.",
      footer = {"", "Example: granary miner exit; granary miner exit --withdraw"})
  static final class Exit extends Owners {
    @Option(names = "--withdraw", description = "Take the stake back; no deal may be live.")
    boolean withdraw;

    @Override
    Done act(GranaryChain chain, EthKey owner) {
      Address id = owner.address();
      if (withdraw) {
        TxResult.Confirmed tx = chain.actions().withdrawStake().orThrow();
        TokenAmount wallet = chain.queries().walletBalance(id);
        return new Done(
            tx,
            List.of(
                "the stake is back; the wallet has " + wallet,
                "what is unlocked on the market: granary withdraw"),
            Map.of("wallet", wallet.toTokens()));
      }
      TxResult.Confirmed tx = chain.actions().announceExit().orThrow();
      long live = chain.queries().miner(id).map(MinerRecord::liveDeals).orElse(0L);
      return new Done(
          tx,
          List.of(
              "announced to leave; " + live + " deals are live",
              "keep the node running until none is, then: granary miner exit --withdraw"),
          Map.of("liveDeals", live));
    }
  }
}
