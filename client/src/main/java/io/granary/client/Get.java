package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCid;
import io.granary.proofs.piece.PieceHasher;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One get: verified bytes go to a {@code .part} file, in order, so that its length says where to go
 * on; when a miner fails, the next one goes on from there.
 */
final class Get {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final Progress.Listener progress;

  Get(ClientPorts ports, EthKey wallet, Progress.Listener progress) {
    this.ports = ports;
    this.wallet = wallet;
    this.progress = progress;
  }

  void run(StoredFile stored, Path target) {
    PieceCid cid = GranaryClient.cid(stored);
    RawSize size = new RawSize(cid.rawBytes());
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try (FileChannel out =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (out.size() > size.bytes()) {
        out.truncate(0);
      }
      fetch(stored, cid, size, out);
      requireRoot(cid, out, part);
      out.force(true);
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED, "cannot write " + part + ": " + e.getMessage(), e);
    }
    try {
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED,
          "cannot rename " + part + " to " + target + ": " + e.getMessage(),
          e);
    }
  }

  private void fetch(StoredFile stored, PieceCid cid, RawSize size, FileChannel out)
      throws IOException {
    List<String> reasons = new ArrayList<>();
    // Miners whose deal was given up may have the bytes all the same, but are the last to ask.
    List<StoredFile.StoredDeal> deals =
        stored.deals().stream()
            .sorted(Comparator.comparing(StoredFile.StoredDeal::abandoned))
            .toList();
    for (StoredFile.StoredDeal deal : deals) {
      if (out.size() == size.bytes()) {
        return;
      }
      Address id = Address.parse(deal.miner());
      try {
        MinerRecord miner =
            ports
                .directory()
                .miner(id)
                .orElseThrow(() -> new PeerException(id, "it is no longer registered"));
        fetchFrom(miner, DealId.parse(deal.dealId()), cid, size, out);
      } catch (PeerException e) {
        reasons.add(id + " " + e.getMessage());
        progress.on(new Progress.Failover(id, String.valueOf(e.getMessage())));
      }
    }
    if (out.size() < size.bytes()) {
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED,
          "no miner gave all of '"
              + stored.name()
              + "' back; "
              + out.size()
              + " of "
              + size.bytes()
              + " bytes are verified and kept, the same get goes on from there: "
              + String.join("; ", reasons));
    }
  }

  private void fetchFrom(MinerRecord miner, DealId id, PieceCid cid, RawSize size, FileChannel out)
      throws IOException {
    try (MinerConnection connection =
        new MinerConnection(miner, ports.reader().terms().domain(), wallet)) {
      connection.retrieve(
          id,
          cid.root(),
          size,
          out.size(),
          size.bytes(),
          (position, bytes, offset, length) -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
            long at = position;
            while (buffer.hasRemaining()) {
              at += out.write(buffer, at);
            }
            progress.on(new Progress.Received(miner.peer().id(), at, size.bytes()));
          });
    }
  }

  /**
   * The part file may stem from an earlier attempt, or from another file: nothing is trusted that
   * was not checked now.
   */
  private static void requireRoot(PieceCid cid, FileChannel file, Path part) throws IOException {
    PieceHasher hasher = new PieceHasher();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    long at = 0;
    for (int n = file.read(buffer, at); n >= 0; n = file.read(buffer, at)) {
      hasher.update(buffer.flip());
      buffer.clear();
      at += n;
    }
    if (!hasher.finish().root().equals(cid.root())) {
      Files.delete(part);
      throw new ClientException(
          ClientException.Code.RETRIEVAL_FAILED,
          part + " held bytes of another file and was removed; run the same get again");
    }
  }
}
