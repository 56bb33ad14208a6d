package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.plan.Candidate;
import io.granary.client.plan.Terms;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.grpc.Wire;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;

/** One put: each replica is a worker that goes through candidates until one deal is active. */
final class Put {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int UPLOAD_TRIES = 4;

  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;
  private final Progress.Listener progress;

  Put(
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

  StoredFile run(Path path) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      PieceCommitment piece = hash(path, file);
      StoredFile stored = begin(String.valueOf(path.getFileName()), piece);
      List<Candidate> candidates = GranaryClient.candidates(ports, config, piece.size());
      requireEscrow(stored, candidates);
      storeAll(stored, piece, file, candidates);
      return catalogue.update(stored.name(), StoredFile::completed);
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private PieceCommitment hash(Path path, FileChannel file) throws IOException {
    PieceHasher hasher = new PieceHasher();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    while (file.read(buffer) >= 0) {
      hasher.update(buffer.flip());
      buffer.clear();
    }
    PieceCommitment piece = hasher.finish();
    if (piece.rawBytes() == 0) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, path + " is empty; a deal needs at least 1 byte");
    }
    progress.on(new Progress.Hashed(piece.cid().toString(), piece.rawBytes()));
    return piece;
  }

  private StoredFile begin(String name, PieceCommitment piece) {
    Optional<StoredFile> known = catalogue.find(name);
    if (known.isPresent()) {
      if (!known.get().pieceCid().equals(piece.cid().toString())) {
        throw new ClientException(
            ClientException.Code.BAD_FILE,
            "another file named '"
                + name
                + "' is stored already ("
                + known.get().pieceCid()
                + "): rename this one");
      }
      return known.get();
    }
    StoredFile stored =
        new StoredFile(name, piece.cid().toString(), piece.rawBytes(), false, List.of());
    catalogue.save(stored);
    return stored;
  }

  private void requireEscrow(StoredFile stored, List<Candidate> candidates) {
    List<Candidate> eligible = candidates.stream().filter(Candidate::eligible).toList();
    long missing = config.replicas() - stored.deals().stream().filter(d -> !d.abandoned()).count();
    TokenAmount needed =
        eligible.stream()
            .limit(Math.max(0, missing))
            .map(Candidate::price)
            .reduce(TokenAmount.ZERO, TokenAmount::plus);
    TokenAmount unlocked = ports.reader().account(wallet.address()).balance();
    if (unlocked.isLessThan(needed)) {
      throw new ClientException(
          ClientException.Code.INSUFFICIENT_ESCROW,
          "storing this costs "
              + needed
              + " tokens and "
              + unlocked
              + " are unlocked: run 'granary deposit "
              + needed.minus(unlocked)
              + "'");
    }
  }

  private void storeAll(
      StoredFile stored, PieceCommitment piece, FileChannel file, List<Candidate> candidates) {
    Set<Address> taken = new HashSet<>();
    stored.deals().forEach(d -> taken.add(Address.parse(d.miner())));
    ConcurrentLinkedDeque<Candidate> queue = new ConcurrentLinkedDeque<>();
    List<String> reasons = java.util.Collections.synchronizedList(new ArrayList<>());
    for (Candidate c : candidates) {
      if (!c.eligible()) {
        reasons.add(c.miner().peer().id() + " " + c.excluded());
      } else if (!taken.contains(c.miner().peer().id())) {
        queue.add(c);
      }
    }
    ConcurrentLinkedDeque<StoredFile.StoredDeal> begun = new ConcurrentLinkedDeque<>();
    stored.deals().stream().filter(d -> !d.abandoned()).forEach(begun::add);
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> replicas = new ArrayList<>();
      for (int i = 0; i < config.replicas(); i++) {
        replicas.add(
            executor.submit(() -> storeReplica(stored.name(), piece, file, begun, queue, reasons)));
      }
      int active = 0;
      for (Future<Boolean> replica : replicas) {
        active += replica.get() ? 1 : 0;
      }
      if (active < config.replicas()) {
        throw new ClientException(
            ClientException.Code.NOT_ENOUGH_MINERS,
            active
                + " of "
                + config.replicas()
                + " replicas are active; no further miner took one: "
                + String.join("; ", reasons)
                + ". Run the same put again to go on, or ask for fewer replicas");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClientException(
          ClientException.Code.INTERRUPTED, "interrupted; run the same put again to go on", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException("a replica failed", e.getCause());
    }
  }

  /** Goes on with a begun deal, or tries candidates, until a deal is active. */
  private boolean storeReplica(
      String name,
      PieceCommitment piece,
      FileChannel file,
      ConcurrentLinkedDeque<StoredFile.StoredDeal> begun,
      ConcurrentLinkedDeque<Candidate> queue,
      List<String> reasons) {
    StoredFile.StoredDeal resumed = begun.poll();
    if (resumed != null && resume(name, resumed, piece, file, reasons)) {
      return true;
    }
    for (Candidate candidate = queue.poll(); candidate != null; candidate = queue.poll()) {
      AtomicReference<Optional<DealId>> deal = new AtomicReference<>(Optional.empty());
      try {
        storeWith(name, candidate.miner(), piece, file, deal);
        return true;
      } catch (PeerException e) {
        reject(
            name,
            candidate.miner().peer().id(),
            java.util.Objects.requireNonNull(deal.get()),
            String.valueOf(e.getMessage()),
            reasons);
      }
    }
    return false;
  }

  private void reject(
      String name, Address miner, Optional<DealId> deal, String reason, List<String> reasons) {
    deal.ifPresent(id -> abandon(name, id));
    reasons.add(miner + " " + reason);
    progress.on(new Progress.Declined(miner, reason));
  }

  private boolean resume(
      String name,
      StoredFile.StoredDeal deal,
      PieceCommitment piece,
      FileChannel file,
      List<String> reasons) {
    Address id = Address.parse(deal.miner());
    try {
      MinerRecord miner =
          ports
              .directory()
              .miner(id)
              .orElseThrow(() -> new PeerException(id, "it is no longer registered"));
      SignedProposal proposal = decode(deal.proposal());
      try (MinerConnection connection = connect(miner)) {
        finish(connection, miner, DealId.parse(deal.dealId()), proposal.proposal(), file, piece);
      }
      return true;
    } catch (PeerException e) {
      reject(
          name,
          id,
          Optional.of(DealId.parse(deal.dealId())),
          String.valueOf(e.getMessage()),
          reasons);
      return false;
    }
  }

  private MinerConnection connect(MinerRecord miner) {
    return new MinerConnection(miner, ports.reader().terms().domain(), wallet);
  }

  private void storeWith(
      String name,
      MinerRecord miner,
      PieceCommitment piece,
      FileChannel file,
      AtomicReference<Optional<DealId>> begun) {
    try (MinerConnection connection = connect(miner)) {
      SignedAsk ask = connection.ask();
      DealProposal proposal =
          Terms.propose(
              wallet.address(),
              ask.ask(),
              piece,
              config,
              ports.reader().terms(),
              ports.chain().head().number());
      DealId id = Eip712.dealId(ports.reader().terms().domain(), proposal);
      SignedProposal signed = new SignedProposal(proposal, wallet.sign(id.hash()));
      // Written down before it is offered: from then on the miner could publish it.
      begun.set(Optional.of(id));
      remember(name, id, miner, signed);
      connection.propose(signed, ask);
      progress.on(new Progress.Accepted(miner.peer().id(), id));
      finish(connection, miner, id, proposal, file, piece);
    }
  }

  private void remember(String name, DealId id, MinerRecord miner, SignedProposal signed) {
    StoredFile.StoredDeal deal =
        new StoredFile.StoredDeal(
            id.toString(),
            miner.peer().id().toString(),
            Base64.getEncoder().encodeToString(Wire.encode(signed)),
            false);
    catalogue.update(
        name,
        f -> {
          List<StoredFile.StoredDeal> deals = new ArrayList<>(f.deals());
          deals.add(deal);
          return f.withDeals(deals);
        });
  }

  private static SignedProposal decode(String base64) {
    try {
      return Wire.decodeProposal(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw new ClientException(
          ClientException.Code.UNKNOWN_FILE,
          "a proposal in files.json is damaged; restore it from a backup",
          e);
    }
  }

  private void abandon(String name, DealId id) {
    catalogue.update(
        name,
        f ->
            f.withDeals(
                f.deals().stream()
                    .map(
                        d ->
                            d.dealId().equals(id.toString())
                                ? new StoredFile.StoredDeal(
                                    d.dealId(), d.miner(), d.proposal(), true)
                                : d)
                    .toList()));
  }

  /** From accepted to active on chain, from wherever it stands. */
  private void finish(
      MinerConnection connection,
      MinerRecord miner,
      DealId id,
      DealProposal proposal,
      FileChannel file,
      PieceCommitment piece) {
    Address who = miner.peer().id();
    if (ports.reader().deal(id).isEmpty()) {
      upload(connection, who, id, file, piece.rawBytes());
      progress.on(new Progress.Uploaded(who, id));
    }
    Instant limit = Instant.now().plus(config.stepTimeout());
    boolean published = false;
    while (Instant.now().isBefore(limit)) {
      Optional<DealSnapshot> deal = ports.reader().deal(id);
      DealState state = deal.map(DealSnapshot::state).orElse(DealState.NONE);
      if (!published && (state == DealState.PUBLISHED || state == DealState.ACTIVE)) {
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
      if (state == DealState.NONE) {
        requireAlive(connection, who, id, proposal);
      }
      pause();
    }
    throw new PeerException(
        who, "the deal was not active after " + config.stepTimeout().toMinutes() + " minutes");
  }

  private void requireAlive(
      MinerConnection connection, Address who, DealId id, DealProposal proposal) {
    if (ports.chain().head().number().isAfter(proposal.publishBy())) {
      throw new PeerException(who, "it did not publish the deal by block " + proposal.publishBy());
    }
    MinerConnection.DealStanding standing = connection.status(id);
    if (standing.stage() == DealStage.FAILED) {
      throw new PeerException(who, "it gave the deal up: " + standing.reason());
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
        if (attempt == UPLOAD_TRIES || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainUnavailableException("interrupted; run the same put again to go on", e);
    }
  }
}
