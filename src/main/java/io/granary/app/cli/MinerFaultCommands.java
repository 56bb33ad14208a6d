package io.granary.app.cli;

import io.granary.client.grpc.MinerConnection;
import io.granary.contracts.GranaryChain;
import io.granary.proofs.Hash32;
import io.granary.proofs.challenge.PeriodClock;
import io.granary.proofs.challenge.Positions;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.chain.MinerMarket;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.DeclaredFault;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lost replicas: said before they spoil a proof, and put back (Protocol §5.8). */
final class MinerFaultCommands {
  private MinerFaultCommands() {}

  /** With the operator's key in the miner's folder, which the running node has too. */
  abstract static class Operators extends MinerCommand.Place implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "DEAL", description = "Deal ids.")
    List<String> names = new ArrayList<>();

    abstract Map<String, Object> act(
        GranaryChain chain, EthKey operator, List<DealId> ids, List<String> lines)
        throws IOException;

    @Override
    public Integer call() throws IOException {
      List<DealId> ids = names.stream().map(DealCommand::parse).distinct().toList();
      String miner = place().settings().miner();
      if (common.deployment == null) {
        common.deployment = place().dir().resolve("deployment.json");
      }
      EthKey operator = place().operator(Optional.ofNullable(common.passwordFile));
      try (GranaryChain chain = common.connect(Optional.of(operator))) {
        List<String> lines = new ArrayList<>();
        Map<String, Object> v = new LinkedHashMap<>();
        v.put("ok", true);
        v.put("miner", miner);
        v.putAll(act(chain, operator, ids, lines));
        common.print(v, out -> lines.forEach(out::println));
      }
      return 0;
    }
  }

  private static DeclaredFault faultOf(GranaryChain chain, DealSnapshot deal) {
    return DeclaredFault.of(deal, chain.terms(), chain.queries().clock(deal.miner()));
  }

  /** The terms of a deal, from the event that it was published with. */
  static DealProposal proposal(GranaryChain chain, DealId id) {
    return chain
        .queries()
        .proposal(id)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the endpoint does not have the event that deal "
                        + id
                        + " was published with; use one that keeps old logs (--rpc)"));
  }

  /** {@code granary miner fault}. */
  @Command(
      name = "fault",
      description =
          "Declare that replicas are lost, before the challenge block: they leave the proving set, so that the other deals are proved, and cost a fee each period until they are recovered. Shows what a deal that is faulty already costs.",
      footer = {"", "Example: granary miner fault 0x5f3a… (as 'granary miner deals' shows it)"})
  static final class Declare extends Operators {
    @Override
    Map<String, Object> act(
        GranaryChain chain, EthKey operator, List<DealId> ids, List<String> lines) {
      List<DealId> sound =
          ids.stream()
              .filter(id -> DealCommand.find(chain, id).state() != DealState.FAULTY)
              .toList();
      Map<String, Object> v = new LinkedHashMap<>();
      if (!sound.isEmpty()) {
        TxResult.Confirmed tx = chain.actions().declareFaults(sound).orThrow();
        v.put("transaction", tx.hash().toString());
        lines.add("✓ declared: out of the proving set  (" + tx.hash() + ")");
      }
      BlockNumber head = chain.queries().head().number();
      v.put("head", head.value());
      v.put("deals", ids.stream().map(id -> row(chain, id, head, lines)).toList());
      return v;
    }

    private static Map<String, Object> row(
        GranaryChain chain, DealId id, BlockNumber head, List<String> lines) {
      DeclaredFault fault = faultOf(chain, DealCommand.find(chain, id));
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("dealId", id.toString());
      row.put("faultySince", fault.since().index());
      row.put("feePerPeriod", fault.fee().toTokens());
      row.put("periodsLost", fault.lost(head));
      row.put("periodsLeft", fault.left(head));
      row.put("recoverFrom", fault.firstBlock().value());
      row.put("recoverBy", fault.lastBlock().value());
      lines.add(
          id
              + ": faulty from period "
              + fault.since()
              + " on; each period costs "
              + fault.fee().toTokens()
              + " tokens besides its pay, and "
              + fault.left(head)
              + " more may pass before the deal is forfeit");
      lines.add(
          "  when the replica is whole, in blocks "
              + fault.firstBlock()
              + " to "
              + fault.lastBlock()
              + " (now "
              + head
              + "): granary miner recover "
              + id);
      return row;
    }
  }

  /** {@code granary miner recover}. */
  @Command(
      name = "recover",
      description =
          "Put faulty deals back into the proving set: the running node opens what the latest challenge block drew, in both trees. Not between a challenge block and the period's proof.",
      footer = {"", "Example: granary miner recover 0x5f3a…"})
  static final class Recover extends Operators {
    @Override
    Map<String, Object> act(
        GranaryChain chain, EthKey operator, List<DealId> ids, List<String> lines)
        throws IOException {
      Address miner = place().settings().id();
      MinerRecord record =
          chain
              .queries()
              .miner(miner)
              .orElseThrow(
                  () -> new IllegalArgumentException(miner + " has left the registry as a miner"));
      List<Map<String, Object>> rows = new ArrayList<>();
      try (MinerConnection node = new MinerConnection(record, chain.terms().domain(), operator)) {
        for (DealId id : ids) {
          rows.add(recover(chain, node, id, lines));
        }
      }
      return Map.of("deals", rows);
    }

    private static Map<String, Object> recover(
        GranaryChain chain, MinerConnection node, DealId id, List<String> lines) {
      DealSnapshot before = DealCommand.find(chain, id);
      if (before.state() != DealState.FAULTY) {
        throw new IllegalArgumentException(
            "deal "
                + id
                + " is "
                + before.state()
                + ": only a faulty deal is recovered; 'granary miner fault' declares one");
      }
      DealProposal terms = proposal(chain, id);
      byte[] openings = DualOpening.pack(openings(chain, node, before, terms));
      TxResult.Confirmed tx =
          chain.actions().recover(new MinerMarket.Activation(terms, openings)).orThrow();
      DealSnapshot after = DealCommand.find(chain, id);
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("dealId", id.toString());
      row.put("state", after.state());
      row.put("from", after.cursor().index());
      row.put("collateral", after.collateral().toTokens());
      row.put("transaction", tx.hash().toString());
      lines.add(
          "✓ recovered "
              + id
              + ": in the proving set again, its duty begins with period "
              + after.cursor()
              + "; "
              + after.collateral().toTokens()
              + " tokens of collateral are left  ("
              + tx.hash()
              + ")");
      return row;
    }

    /** What the node opens at the positions that the latest challenge block draws. */
    private static List<DualOpening> openings(
        GranaryChain chain, MinerConnection node, DealSnapshot deal, DealProposal terms) {
      BlockNumber head = chain.queries().head().number();
      DeclaredFault fault = faultOf(chain, deal);
      PeriodClock clock = chain.queries().clock(deal.miner());
      Period drawnBy = new Period(clock.nextDuty(head.value() + 1) - 1);
      if (drawnBy.compareTo(fault.since()) < 0) {
        throw new IllegalArgumentException(
            "deal "
                + deal.id()
                + " can be recovered from block "
                + fault.firstBlock()
                + " on: the challenge block of its first faulty period draws what is opened; now it is block "
                + head);
      }
      Hash32 seed =
          chain
              .queries()
              .recoverySeed(deal.id(), deal.miner(), drawnBy)
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "block "
                              + clock.challengeBlock(drawnBy.index())
                              + " draws what is opened and is not there yet: try again in the next block"));
      List<Long> positions =
          Positions.seal(seed, chain.terms().sealChallenges(), terms.size().leafCount());
      return node.open(deal.id(), terms, deal.sealedRoot(), positions);
    }
  }
}
