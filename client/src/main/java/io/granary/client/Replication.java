package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.plan.Terms;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** One deal for a piece with one miner: proposed, uploaded, and waited for until it is active. */
final class Replication {
  private static final int UPLOAD_TRIES = 4;

  /** Uploads at a time, each of which has some chunks in memory. */
  private static final Semaphore UPLOADS = new Semaphore(16);

  /** Pauses double: with the default poll almost a minute, in which a miner can restart. */
  private static final int REACH_TRIES = 9;

  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;
  private final Progress.Listener progress;

  Replication(
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
  }

  /**
   * Goes on with a deal that was begun, until it is active; false, and why, when its miner failed.
   */
  boolean resume(String name, StoredFile.StoredDeal deal, LocalPiece piece, List<String> reasons) {
    DealId id = DealId.parse(deal.dealId());
    Address who = Address.parse(deal.miner());
    catalogue.update(name, f -> f.abandoned(id, false));
    try {
      MinerRecord miner =
          ports
              .directory()
              .miner(who)
              .orElseThrow(() -> new PeerException(who, "it is no longer registered"));
      try (MinerConnection connection = connect(miner)) {
        store(connection, id, deal.signedProposal(), piece);
      }
      return true;
    } catch (PeerException e) {
      catalogue.update(name, f -> f.abandoned(id, true));
      reject(who, e, reasons);
      return false;
    }
  }

  private void reject(Address miner, PeerException e, List<String> reasons) {
    String reason = String.valueOf(e.getMessage());
    reasons.add(miner + " " + reason);
    progress.on(new Progress.Declined(miner, reason));
  }

  private MinerConnection connect(MinerRecord miner) {
    return new MinerConnection(miner, ports.reader().terms().domain(), wallet);
  }

  /** Proposes a deal to a miner, and goes on with it; false, and why, when it failed. */
  boolean begin(String name, MinerRecord miner, LocalPiece piece, List<String> reasons) {
    StoredFile.StoredDeal deal;
    try {
      deal = sign(miner, piece, config.periods(), Optional.empty());
    } catch (PeerException e) {
      reject(miner.peer().id(), e, reasons);
      return false;
    }
    // Written down before it is offered: from then on the miner could publish it.
    catalogue.update(name, f -> f.plus(deal));
    return resume(name, deal, piece, reasons);
  }

  /**
   * A proposal at the miner's ask, signed and not yet offered.
   *
   * @param replaces the deal that it takes over, if any (Protocol §3.9)
   * @throws PeerException when the miner does not tell its ask, or asks more than it posted
   */
  StoredFile.StoredDeal sign(
      MinerRecord miner, LocalPiece piece, long periods, Optional<DealId> replaces) {
    PieceCommitment commitment = piece.commitment();
    try (MinerConnection connection = connect(miner)) {
      Ask ask = connection.ask(commitment.size(), periods).ask();
      DealProposal proposal = proposeTo(miner, ask, commitment, periods, replaces);
      DealId id = Eip712.dealId(ports.reader().terms().domain(), proposal);
      return StoredFile.StoredDeal.of(
          id, piece.index(), new SignedProposal(proposal, wallet.sign(id.hash())));
    }
  }

  static PieceCommitment hash(FileChannel file) throws IOException {
    PieceHasher hasher = new PieceHasher();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    while (file.read(buffer) >= 0) {
      hasher.update(buffer.flip());
      buffer.clear();
    }
    return hasher.finish();
  }

  /**
   * The miner was chosen for the price in the registry; an ask that is dearer is not signed.
   *
   * @throws PeerException naming both prices
   */
  private DealProposal proposeTo(
      MinerRecord miner, Ask ask, PieceCommitment piece, long periods, Optional<DealId> replaces) {
    if (miner.pricePerLeafPeriod().isLessThan(ask.pricePerLeafPeriod())) {
      throw new PeerException(
          miner.peer().id(),
          "its ask is "
              + ask.pricePerLeafPeriod().units()
              + " units per leaf and period, but "
              + miner.pricePerLeafPeriod().units()
              + " in the registry");
    }
    try {
      return Terms.propose(
          wallet.address(),
          ask,
          piece,
          config.with(config.redundancy(), periods, config.auditor()),
          replaces,
          ports.reader().terms(),
          ports.chain().head().number());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new PeerException(
          miner.peer().id(), "no deal can be made at its ask: " + e.getMessage());
    }
  }

  /** From wherever it stands to active; a miner takes the same proposal twice. */
  private void store(
      MinerConnection connection, DealId id, SignedProposal signed, LocalPiece piece) {
    Address who = signed.proposal().miner();
    if (ports.reader().deal(id).isEmpty()) {
      connection.propose(
          signed, connection.ask(signed.proposal().size(), signed.proposal().periods()));
      progress.on(new Progress.Accepted(who, id));
      upload(connection, who, id, piece);
      progress.on(new Progress.Uploaded(who, id));
    }
    awaitActive(connection, id, signed.proposal());
  }

  private void awaitActive(MinerConnection connection, DealId id, DealProposal proposal) {
    Address who = proposal.miner();
    Instant limit = Instant.now().plus(config.stepTimeout());
    boolean published = false;
    int silent = 0;
    // Once published the price is locked, and the contract alone says until when it can be active.
    while (published || Instant.now().isBefore(limit)) {
      DealState state = ports.reader().deal(id).map(DealSnapshot::state).orElse(DealState.NONE);
      if (!published && state != DealState.NONE && !state.isFinal()) {
        published = true;
        progress.on(new Progress.Published(who, id));
      }
      if (state == DealState.ACTIVE) {
        progress.on(new Progress.Active(who, id));
        return;
      }
      if (state.isFinal()) {
        throw new PeerException(who, "the deal ended before it was active: " + state);
      }
      if (published && ports.chain().head().number().isAfter(proposal.activateBy())) {
        throw new PeerException(
            who,
            "it did not activate the deal by block "
                + proposal.activateBy()
                + ": 'granary deal expire "
                + id
                + "' gets the price back");
      }
      silent =
          state != DealState.NONE || isAlive(connection, id, proposal, silent) ? 0 : silent + 1;
      pause(silent);
    }
    throw new PeerException(
        who, "the deal was not active after " + config.stepTimeout().toMinutes() + " minutes");
  }

  /** False when the miner does not answer; that may pass, and it has all it needs to publish. */
  private boolean isAlive(
      MinerConnection connection, DealId id, DealProposal proposal, int silent) {
    Address who = proposal.miner();
    if (ports.chain().head().number().isAfter(proposal.publishBy())) {
      throw new PeerException(who, "it did not publish the deal by block " + proposal.publishBy());
    }
    MinerConnection.DealStanding standing;
    try {
      standing = connection.status(id);
    } catch (PeerException e) {
      if (!e.isUnreachable() || silent + 1 == REACH_TRIES) {
        throw e;
      }
      return false;
    }
    if (standing.stage() == DealStage.FAILED) {
      throw new PeerException(who, "it gave the deal up: " + standing.reason());
    }
    return true;
  }

  private void upload(MinerConnection connection, Address who, DealId id, LocalPiece piece) {
    Path path = piece.file().get();
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      UPLOADS.acquire();
      try {
        upload(connection, who, id, file, piece.commitment().rawBytes());
      } finally {
        UPLOADS.release();
      }
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + path + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private void upload(
      MinerConnection connection, Address who, DealId id, FileChannel file, long size) {
    for (int attempt = 1; ; attempt++) {
      try {
        connection.upload(
            id, file, size, sent -> progress.on(new Progress.Uploading(who, sent, size)));
        return;
      } catch (PeerException e) {
        int tries = e.isUnreachable() ? REACH_TRIES : UPLOAD_TRIES;
        if (attempt >= tries || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        pause(attempt);
      }
    }
  }

  /** The longer the more often in vain. */
  private void pause(int vain) {
    try {
      Thread.sleep(config.poll().multipliedBy(1L << Math.max(0, vain - 1)));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static ClientException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new ClientException(
        ClientException.Code.INTERRUPTED, "interrupted; run the same again to go on", cause);
  }
}
