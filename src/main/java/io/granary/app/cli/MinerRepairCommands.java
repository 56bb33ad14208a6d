package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.contracts.GranaryChain;
import io.granary.miner.replica.ReplicaRepair;
import io.granary.miner.replica.Shelf;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.DealId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Replicas: looked over, and put right again. The node may run meanwhile. */
final class MinerRepairCommands {
  /** What an audit found has this code too. */
  private static final int FOUND = 3;

  private static final Set<String> WITH_REPLICA = Set.of("sealed", "published", "active");

  private MinerRepairCommands() {}

  /** For each deal named, or for all that have a replica. */
  abstract static class Each extends MinerCommand.Place implements Callable<Integer> {
    @Parameters(
        arity = "0..*",
        paramLabel = "DEAL",
        description = "Deal ids (default: all that 'granary miner deals' shows with a replica).")
    List<String> names = new ArrayList<>();

    abstract ReplicaRepair.Finding look(
        GranaryChain chain, ReplicaRepair repair, DealId id, DealProposal terms) throws IOException;

    @Override
    public Integer call() throws IOException {
      if (common.deployment == null) {
        common.deployment = place().dir().resolve("deployment.json");
      }
      // Fails where this is no miner's folder.
      place().settings();
      Shelf shelf = new Shelf(place().dir());
      List<Map<String, Object>> rows = new ArrayList<>();
      boolean sound = true;
      try (GranaryChain chain = common.connect(Optional.empty())) {
        for (DealId id : ids()) {
          DealSnapshot deal = DealCommand.find(chain, id);
          DealProposal terms = MinerFaultCommands.proposal(chain, id);
          ReplicaRepair repair =
              new ReplicaRepair(
                  shelf,
                  new ReplicaRepair.Subject(
                      id, terms.sealProfile(), terms.size(), terms.pieceRoot(), deal.sealedRoot()));
          ReplicaRepair.Finding finding = look(chain, repair, id, terms);
          sound &= finding.sound();
          rows.add(row(id, terms.size(), finding));
        }
      }
      boolean ok = sound;
      common.print(
          Map.of("ok", ok, "replicas", rows),
          out -> {
            List<List<String>> table = new ArrayList<>();
            table.add(List.of("DEAL", "BYTES", "REPLICA"));
            rows.forEach(
                r ->
                    table.add(
                        List.of(
                            String.valueOf(r.get("dealId")),
                            String.valueOf(r.get("size")),
                            String.valueOf(r.get("found")))));
            Out.table(out, table);
            if (!ok) {
              out.println(
                  "'granary miner repair' puts them right; what cannot be in time is declared with 'granary miner fault'");
            }
          });
      return ok ? 0 : FOUND;
    }

    private List<DealId> ids() throws IOException {
      if (!names.isEmpty()) {
        return names.stream().map(DealCommand::parse).distinct().toList();
      }
      List<DealId> all = new ArrayList<>();
      for (JsonNode deal : deals()) {
        if (WITH_REPLICA.contains(deal.path("stage").asText())) {
          all.add(DealId.parse(deal.path("id").asText()));
        }
      }
      return all;
    }

    private static Map<String, Object> row(DealId id, RawSize size, ReplicaRepair.Finding finding) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("dealId", id.toString());
      row.put("bytes", size.bytes());
      row.put("size", Out.bytes(size.bytes()));
      row.put("sound", finding.sound());
      row.put("damagedChunks", finding.damaged());
      row.put("found", inWords(finding));
      return row;
    }

    private static String inWords(ReplicaRepair.Finding f) {
      if (f.sound()) {
        return "✓ sound";
      }
      if (f.missing()) {
        return "✗ missing, or of the wrong size";
      }
      List<String> wrong = new ArrayList<>();
      if (!f.damaged().isEmpty()) {
        wrong.add(f.damaged().size() + " of " + f.chunks() + " MiB damaged");
      }
      if (!f.sealedTree() || !f.pieceTree()) {
        wrong.add("a tree file is wrong; the running node builds it again by itself");
      }
      return "✗ " + String.join("; ", wrong);
    }
  }

  /** {@code granary miner verify}. */
  @Command(
      name = "verify",
      description =
          "Read replicas and check every byte against the roots on chain. Exit code 3 when one is damaged.",
      footer = {"", "Example: granary miner verify"})
  static final class Verify extends Each {
    @Override
    ReplicaRepair.Finding look(
        GranaryChain chain, ReplicaRepair repair, DealId id, DealProposal terms) {
      return repair.check(done -> {});
    }
  }

  /** {@code granary miner repair}. */
  @Command(
      name = "repair",
      description =
          "Put damaged replicas right: only what is wrong is fetched, from other miners of the same piece, or read from a file.",
      footer = {"", "Example: granary miner repair 0x5f3a… --from holiday.tar"})
  static final class Repair extends Each {
    @Option(
        names = "--from",
        paramLabel = "FILE",
        description = "The piece, as its client has it (default: other miners that store it).")
    @Nullable Path from;

    @Override
    ReplicaRepair.Finding look(
        GranaryChain chain, ReplicaRepair repair, DealId id, DealProposal terms)
        throws IOException {
      ReplicaRepair.Finding found = repair.check(done -> {});
      if (found.sound()) {
        return found;
      }
      if (from == null) {
        return repair.repair(found, fromMiners(chain, id, terms), done -> {});
      }
      try (FileChannel file = FileChannel.open(from, StandardOpenOption.READ)) {
        requirePiece(file, terms);
        return repair.repair(found, (at, length) -> read(file, at, length), done -> {});
      }
    }

    private void requirePiece(FileChannel file, DealProposal terms) throws IOException {
      Hash32 root = Hash32.ZERO;
      if (file.size() == terms.size().bytes()) {
        PieceHasher hasher = new PieceHasher();
        ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
        for (int n = file.read(buffer); n >= 0; n = file.read(buffer)) {
          hasher.update(buffer.flip());
          buffer.clear();
        }
        root = hasher.finish().root();
      }
      if (!terms.pieceRoot().equals(root)) {
        throw new IllegalArgumentException(
            from
                + " is not the deal's piece, which has "
                + terms.size().bytes()
                + " bytes and the root "
                + terms.pieceRoot());
      }
    }

    private static byte[] read(FileChannel file, long at, int length) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(length);
      while (buffer.hasRemaining()) {
        if (file.read(buffer, at + buffer.position()) < 0) {
          throw new IOException("the file became shorter while it was read");
        }
      }
      return buffer.array();
    }

    /** Each range is checked against the piece root before it is used; the next miner is asked. */
    private ReplicaRepair.Source fromMiners(GranaryChain chain, DealId own, DealProposal terms)
        throws IOException {
      EthKey operator = place().operator(Optional.ofNullable(common.passwordFile));
      List<MarketEvent.DealPublished> others =
          chain.queries().publications().stream()
              .filter(e -> e.proposal().pieceRoot().equals(terms.pieceRoot()))
              .filter(e -> e.proposal().size().equals(terms.size()))
              .filter(e -> !e.dealId().equals(own))
              .filter(
                  e ->
                      chain
                          .queries()
                          .deal(e.dealId())
                          .filter(d -> d.state().isRunning())
                          .isPresent())
              .toList();
      if (others.isEmpty()) {
        throw new IllegalArgumentException(
            "no other miner has a deal for the piece of "
                + own
                + ": ask its client for the file and give it with --from FILE");
      }
      return (at, length) -> fetch(chain, operator, others, terms, at, length);
    }

    private static byte[] fetch(
        GranaryChain chain,
        EthKey operator,
        List<MarketEvent.DealPublished> others,
        DealProposal terms,
        long at,
        int length)
        throws IOException {
      List<String> reasons = new ArrayList<>();
      for (MarketEvent.DealPublished other : others) {
        Optional<MinerRecord> miner = chain.queries().miner(other.proposal().miner());
        if (miner.isEmpty()) {
          reasons.add(other.proposal().miner() + " is no longer registered");
          continue;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(length);
        try (MinerConnection node =
            new MinerConnection(miner.get(), chain.terms().domain(), operator)) {
          node.retrieve(
              other.dealId(),
              terms.pieceRoot(),
              terms.size(),
              at,
              at + length,
              (position, data, offset, count) -> bytes.write(data, offset, count));
          return bytes.toByteArray();
        } catch (PeerException e) {
          reasons.add(other.proposal().miner() + " " + e.getMessage());
        }
      }
      throw new IOException(
          "no miner gave bytes "
              + at
              + " + "
              + length
              + " of the piece: "
              + String.join("; ", reasons)
              + ". Run it again later, or with --from FILE");
    }
  }
}
