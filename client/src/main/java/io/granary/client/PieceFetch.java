package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Fetches one piece: verified bytes go to a file, in order, so that its length says where to go on;
 * when a miner fails, the next one goes on from there.
 */
final class PieceFetch {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final Progress.Listener progress;

  PieceFetch(ClientPorts ports, EthKey wallet, Progress.Listener progress) {
    this.ports = ports;
    this.wallet = wallet;
    this.progress = progress;
  }

  /**
   * Fetches a piece of a file.
   *
   * @param part takes its bytes; what it has already is gone on from
   * @throws ClientException when no miner gave all of it; what came is kept
   */
  void run(StoredFile stored, int index, Path part) {
    PieceCommitment piece = stored.piece(index);
    try (FileChannel out =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (out.size() > piece.rawBytes()) {
        out.truncate(0);
      }
      fetch(stored, index, out);
      requireRoot(piece, out, part);
      out.force(true);
    } catch (ClosedByInterruptException e) {
      throw interrupted(e);
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED, "cannot write " + part + ": " + e.getMessage(), e);
    }
  }

  private static ClientException interrupted(Throwable cause) {
    return new ClientException(
        ClientException.Code.INTERRUPTED, "interrupted; run the same get again to go on", cause);
  }

  private void fetch(StoredFile stored, int index, FileChannel out) throws IOException {
    long size = stored.piece(index).rawBytes();
    List<String> reasons = new ArrayList<>();
    // Miners whose deal was given up may have the bytes all the same, but are the last to ask.
    List<StoredFile.StoredDeal> deals =
        stored.dealsOf(index).stream()
            .sorted(Comparator.comparing(StoredFile.StoredDeal::abandoned))
            .toList();
    for (StoredFile.StoredDeal deal : deals) {
      if (out.size() == size) {
        return;
      }
      Address id = Address.parse(deal.miner());
      try {
        MinerRecord miner =
            ports
                .directory()
                .miner(id)
                .orElseThrow(() -> new PeerException(id, "it is no longer registered"));
        fetchFrom(miner, DealId.parse(deal.dealId()), stored.piece(index), out);
      } catch (PeerException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw interrupted(e);
        }
        reasons.add(id + " " + e.getMessage());
        progress.on(new Progress.Failover(id, String.valueOf(e.getMessage())));
      }
    }
    if (out.size() < size) {
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED,
          "no miner gave all of "
              + (stored.isPlain() ? "" : "piece " + index + " of ")
              + "'"
              + stored.name()
              + "' back; "
              + out.size()
              + " of "
              + size
              + " bytes are verified and kept, the same get goes on from there: "
              + (reasons.isEmpty() ? "it has no deal" : String.join("; ", reasons)));
    }
  }

  private void fetchFrom(MinerRecord miner, DealId id, PieceCommitment piece, FileChannel out)
      throws IOException {
    try (MinerConnection connection =
        new MinerConnection(miner, ports.reader().terms().domain(), wallet)) {
      connection.retrieve(
          id,
          piece.root(),
          piece.size(),
          out.size(),
          piece.rawBytes(),
          (position, bytes, offset, length) -> {
            Bytes.write(out.position(position), ByteBuffer.wrap(bytes, offset, length));
            progress.on(
                new Progress.Received(miner.peer().id(), position + length, piece.rawBytes()));
          });
    }
  }

  /**
   * The file may stem from an earlier attempt, or from another piece: nothing is trusted that was
   * not checked now.
   */
  private static void requireRoot(PieceCommitment piece, FileChannel file, Path part)
      throws IOException {
    if (!Replication.hash(file.position(0)).root().equals(piece.root())) {
      Files.delete(part);
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED,
          part + " held bytes of another file and was removed; run the same get again");
    }
  }
}
