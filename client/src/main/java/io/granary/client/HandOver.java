package io.granary.client;

import io.granary.client.grpc.PeerException;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One deal that moves to another miner (Protocol §3.9): a put with that miner, whose proposal names
 * the old deal. Run again after an interruption it goes on with the proposal that was signed.
 */
final class HandOver {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;
  private final Progress.Listener progress;
  private final Replication replication;

  HandOver(
      ClientPorts ports,
      EthKey wallet,
      ClientConfig config,
      Catalogue catalogue,
      Progress.Listener progress) {
    this.ports = ports;
    this.wallet = wallet;
    this.config = config;
    this.catalogue = catalogue;
    this.progress = progress;
    this.replication = new Replication(ports, wallet, config, catalogue, progress);
  }

  DealSnapshot run(DealId id, Address to, Optional<Long> periods, Optional<Path> local) {
    StoredFile stored = fileOf(id);
    LocalPiece piece = piece(stored, id, local);
    StoredFile.StoredDeal deal =
        begun(stored, id, to).orElseGet(() -> propose(id, to, periods, stored, piece));
    List<String> reasons = new ArrayList<>();
    if (!replication.resume(stored.name(), deal, piece, reasons)) {
      throw refused(
          String.join("; ", reasons)
              + ". The deal goes on with its miner unless the chain says otherwise: 'granary deal"
              + " show "
              + id
              + "'; run the same again to go on, or name another miner");
    }
    if (local.isEmpty()) {
      try {
        Files.deleteIfExists(copy(id));
      } catch (IOException e) {
        throw new ClientException(
            ClientException.Code.BAD_FILE, "cannot delete " + copy(id) + ": " + e.getMessage(), e);
      }
    }
    return ports.reader().deal(DealId.parse(deal.dealId())).orElseThrow();
  }

  private LocalPiece piece(StoredFile stored, DealId id, Optional<Path> local) {
    int index =
        stored.deals().stream()
            .filter(d -> d.dealId().equals(id.toString()))
            .findFirst()
            .orElseThrow()
            .piece();
    local.ifPresent(path -> requireContent(stored, id, path));
    return new LocalPiece(
        index, stored.piece(index), () -> local.orElseGet(() -> fetched(stored, index, id)));
  }

  private void requireContent(StoredFile stored, DealId id, Path local) {
    if (!stored.isPlain()) {
      throw new ClientException(
          ClientException.Code.BAD_FILE,
          "deal "
              + id
              + " stores an encrypted piece, not "
              + local
              + ": leave the file out, the piece comes from the miners");
    }
    try (FileChannel file = FileChannel.open(local, StandardOpenOption.READ)) {
      PieceCommitment piece = Replication.hash(file);
      if (!piece.cid().toString().equals(stored.contentCid())) {
        throw new ClientException(
            ClientException.Code.BAD_FILE,
            local + " is not what deal " + id + " stores: its Piece CID is " + piece.cid());
      }
      progress.on(new Progress.Hashed(stored.contentCid(), piece.rawBytes()));
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + local + ": " + e.getMessage(), e);
    }
  }

  private Path copy(DealId id) {
    return config.home().resolve("handover-" + id.hash().toHex().substring(0, 16));
  }

  /** Kept in the client's home until the new deal is active, so that it comes over once. */
  private Path fetched(StoredFile stored, int piece, DealId id) {
    Path copy = copy(id);
    if (!Files.exists(copy)) {
      new Get(ports, wallet, progress).piece(stored, piece, copy);
    }
    return copy;
  }

  /** A proposal of an earlier run that the miner has published, or still can. */
  private Optional<StoredFile.StoredDeal> begun(StoredFile stored, DealId id, Address to) {
    return stored.deals().stream()
        .filter(d -> d.miner().equals(to.toString()))
        .filter(d -> d.signedProposal().proposal().predecessor().equals(Optional.of(id)))
        .filter(
            d -> {
              ListedDeal listed = ListedDeal.of(stored, d, ports);
              return listed.isLive() || listed.isOpen();
            })
        .findFirst();
  }

  private StoredFile.StoredDeal propose(
      DealId id, Address to, Optional<Long> periods, StoredFile stored, LocalPiece piece) {
    DealSnapshot old =
        ports
            .reader()
            .deal(id)
            .filter(d -> d.state().isRunning())
            .orElseThrow(() -> refused("deal " + id + " is not active: put the file anew"));
    MinerRecord miner =
        ports
            .directory()
            .miner(to)
            .orElseThrow(() -> refused("no miner " + to + " is registered: 'granary quote'"));
    StoredFile.StoredDeal deal;
    try {
      deal = replication.sign(miner, piece, periods.orElseGet(() -> left(old)), Optional.of(id));
    } catch (PeerException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
    requireCover(deal.signedProposal().proposal());
    // Written down before it is offered: from then on the miner could publish it.
    catalogue.update(stored.name(), f -> f.plus(deal));
    return deal;
  }

  /** As long as the old deal would have lasted. */
  private long left(DealSnapshot old) {
    long now =
        ports.reader().clock(old.miner()).periodAt(ports.chain().head().number().value() + 1);
    return Math.max(1, old.end().index() - Math.max(now, old.start().index()));
  }

  private void requireCover(DealProposal p) {
    Cover cover = ports.reader().coverOf(p);
    if (!cover.reason().isEmpty()) {
      throw refused(
          "the market takes no hand-over of deal " + p.replaces() + " now: " + cover.reason());
    }
    TokenAmount due = cover.due(p.price());
    TokenAmount unlocked = ports.reader().account(wallet.address()).balance();
    if (unlocked.isLessThan(due)) {
      throw new ClientException(
          ClientException.Code.INSUFFICIENT_ESCROW,
          "the new deal costs "
              + p.price()
              + " tokens; "
              + due
              + " are locked until the old deal's escrow has come over, and "
              + unlocked
              + " are unlocked: run 'granary deposit "
              + due.minus(unlocked)
              + "'");
    }
  }

  private static ClientException refused(String why) {
    return new ClientException(ClientException.Code.NOT_HANDED_OVER, why);
  }

  private StoredFile fileOf(DealId id) {
    return catalogue.all().stream()
        .filter(f -> f.deals().stream().anyMatch(d -> d.dealId().equals(id.toString())))
        .findFirst()
        .orElseThrow(
            () ->
                new ClientException(
                    ClientException.Code.UNKNOWN_DEAL,
                    "none of this wallet's files has a deal "
                        + id
                        + ": 'granary deal list' lists them"));
  }
}
