package io.granary.client;

import io.granary.client.plan.Candidate;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One put: each replica is a worker that goes through candidates until one deal is active. */
final class Put {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;
  private final Progress.Listener progress;
  private final Replication replication;

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
    this.replication = new Replication(ports, wallet, config, catalogue, progress);
  }

  StoredFile run(Path path) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      PieceCommitment piece = hash(path, file);
      StoredFile stored = begin(String.valueOf(path.getFileName()), piece);
      List<Candidate> candidates = GranaryClient.candidates(ports, config, piece.size());
      Plan plan = plan(stored, candidates);
      requireEscrow(plan, stored);
      storeAll(stored.name(), piece, file, plan);
      StoredFile done = catalogue.update(stored.name(), StoredFile::completed);
      GranaryClient.leftOpen(done, ports).forEach(this::tell);
      return done;
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private PieceCommitment hash(Path path, FileChannel file) throws IOException {
    PieceCommitment piece = Replication.hash(file);
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

  private void tell(ListedDeal open) {
    DealProposal p = open.proposal();
    progress.on(new Progress.LeftOpen(p.miner(), open.id(), p.publishBy(), p.price()));
  }

  /**
   * What is there to work with.
   *
   * @param begun deals to go on with
   * @param queue further miners, best first
   * @param reasons why miners were not asked or failed, for the one who reads that they were too
   *     few
   */
  private record Plan(
      Queue<StoredFile.StoredDeal> begun, Queue<Candidate> queue, List<String> reasons) {}

  private Plan plan(StoredFile stored, List<Candidate> candidates) {
    Queue<StoredFile.StoredDeal> begun = new ConcurrentLinkedQueue<>(begun(stored));
    Set<String> taken = new HashSet<>();
    begun.forEach(d -> taken.add(d.miner()));
    Set<String> failed = new HashSet<>();
    stored.deals().forEach(d -> failed.add(d.miner()));
    Queue<Candidate> queue = new ConcurrentLinkedQueue<>();
    List<Candidate> again = new ArrayList<>();
    List<String> reasons = Collections.synchronizedList(new ArrayList<>());
    for (Candidate c : candidates) {
      String id = c.miner().peer().id().toString();
      if (!c.eligible()) {
        reasons.add(id + " " + c.excluded());
      } else if (!taken.contains(id)) {
        (failed.contains(id) ? again : queue).add(c);
      }
    }
    // A miner that failed before may have recovered, but those that did not come first.
    queue.addAll(again);
    return new Plan(begun, queue, reasons);
  }

  /**
   * The deals that were not given up, and those that were while their miner published them all the
   * same: they are paid for.
   */
  private List<StoredFile.StoredDeal> begun(StoredFile stored) {
    Stream<StoredFile.StoredDeal> going = stored.deals().stream().filter(d -> !d.abandoned());
    Stream<StoredFile.StoredDeal> published =
        stored.deals().stream()
            .filter(StoredFile.StoredDeal::abandoned)
            .filter(d -> ListedDeal.of(stored, d, ports).isLive());
    return Stream.concat(going, published).toList();
  }

  private void requireEscrow(Plan plan, StoredFile stored) {
    // The price of a begun deal is not locked before it is published.
    Stream<TokenAmount> begun =
        plan.begun().stream()
            .map(d -> ListedDeal.of(stored, d, ports))
            .filter(d -> d.onChain().isEmpty())
            .map(d -> d.proposal().price());
    Stream<TokenAmount> further =
        plan.queue().stream()
            .limit(Math.max(0, config.replicas() - plan.begun().size()))
            .map(Candidate::price);
    TokenAmount needed = Stream.concat(begun, further).reduce(TokenAmount.ZERO, TokenAmount::plus);
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

  private void storeAll(String name, PieceCommitment piece, FileChannel file, Plan plan) {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> replicas = new ArrayList<>();
      for (int i = 0; i < config.replicas(); i++) {
        replicas.add(executor.submit(() -> storeReplica(name, piece, file, plan)));
      }
      int active = 0;
      for (Future<Boolean> replica : replicas) {
        active += replica.get() ? 1 : 0;
      }
      if (active < config.replicas()) {
        throw notEnough(name, active, plan.reasons());
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

  private ClientException notEnough(String name, int active, List<String> reasons) {
    List<ListedDeal> open =
        catalogue.find(name).map(f -> GranaryClient.leftOpen(f, ports)).orElse(List.of());
    open.forEach(this::tell);
    String left =
        open.isEmpty()
            ? ""
            : ". Miners could still publish what was given up: "
                + open.stream()
                    .map(d -> "'granary deal cancel " + d.id() + "'")
                    .collect(Collectors.joining(", "))
                + " takes it back";
    return new ClientException(
        ClientException.Code.NOT_ENOUGH_MINERS,
        active
            + " of "
            + config.replicas()
            + " replicas are active; no further miner took one: "
            + String.join("; ", reasons)
            + ". Run the same put again to go on, or ask for fewer replicas"
            + left);
  }

  /** Goes on with a begun deal, or tries candidates, until a deal is active. */
  private boolean storeReplica(String name, PieceCommitment piece, FileChannel file, Plan plan) {
    StoredFile.StoredDeal begun = plan.begun().poll();
    if (begun != null && replication.resume(name, begun, piece, file, plan.reasons())) {
      return true;
    }
    for (Candidate c = plan.queue().poll(); c != null; c = plan.queue().poll()) {
      MinerRecord miner = c.miner();
      Optional<StoredFile.StoredDeal> open = givenUp(name, miner.peer().id());
      if (open.isPresent()
          ? replication.resume(name, open.get(), piece, file, plan.reasons())
          : replication.begin(name, miner, piece, file, plan.reasons())) {
        return true;
      }
    }
    return false;
  }

  /**
   * What this miner could still publish: it is offered again rather than a new one, or the miner
   * could publish both.
   */
  private Optional<StoredFile.StoredDeal> givenUp(String name, Address miner) {
    StoredFile file = catalogue.find(name).orElseThrow();
    return file.deals().stream()
        .filter(d -> d.miner().equals(miner.toString()))
        .filter(d -> ListedDeal.of(file, d, ports).isOpen())
        .findFirst();
  }
}
