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
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One put: for each copy of each piece a worker goes through candidates until one deal is active.
 */
final class Put {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;
  private final Progress.Listener progress;
  private final Replication replication;
  private final Staging staging;
  private final Vault vault;
  private final ReentrantLock fetching = new ReentrantLock();

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
    this.staging = new Staging(config.home());
    this.vault = new Vault(wallet);
  }

  StoredFile run(Path path) {
    try (FileChannel file = open(path)) {
      PieceCommitment content = hash(path, file);
      return store(begin(String.valueOf(path.getFileName()), content, file), Optional.of(path));
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot store " + path + ": " + e.getMessage(), e);
    }
  }

  private static FileChannel open(Path path) {
    try {
      return FileChannel.open(path, StandardOpenOption.READ);
    } catch (NoSuchFileException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + path + ": there is no such file", e);
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  /** Stores what a file lacks: pieces whose deals are over, or were never made. */
  StoredFile repair(StoredFile stored) {
    try {
      return store(stored, Optional.empty());
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE,
          "cannot repair '" + stored.name() + "': " + e.getMessage(),
          e);
    }
  }

  private PieceCommitment hash(Path path, FileChannel file) throws IOException {
    PieceCommitment content = Replication.hash(file);
    if (content.rawBytes() == 0 && !config.encrypted()) {
      throw new ClientException(
          ClientException.Code.BAD_FILE,
          path + " is empty; a deal needs at least 1 byte, which an encrypted file has");
    }
    progress.on(new Progress.Hashed(content.cid().toString(), content.rawBytes()));
    return content;
  }

  private StoredFile begin(String name, PieceCommitment content, FileChannel file)
      throws IOException {
    Optional<StoredFile> known = catalogue.find(name);
    if (known.isPresent()) {
      requireSame(known.get(), content);
      int copies = config.redundancy().copies();
      return catalogue.update(name, f -> f.withCopies(copies));
    }
    StoredFile fresh = prepare(name, content, file);
    catalogue.save(fresh);
    return fresh;
  }

  private void requireSame(StoredFile known, PieceCommitment content) {
    String name = known.name();
    if (!known.contentCid().equals(content.cid().toString())) {
      throw new ClientException(
          ClientException.Code.BAD_FILE,
          "another file named '"
              + name
              + "' is stored already ("
              + known.contentCid()
              + "): rename this one");
    }
    Redundancy wanted = config.redundancy();
    boolean encrypted = known.encryption() != null;
    if (known.data() != wanted.data()
        || known.pieces().size() != wanted.pieces()
        || encrypted != config.encrypted()) {
      throw new ClientException(
          ClientException.Code.BAD_FILE,
          "'"
              + name
              + "' is stored already, "
              + (encrypted ? "encrypted" : "for everyone's eyes")
              + " and "
              + (known.data() == 1
                  ? "as replicas"
                  : "as " + known.data() + "+" + (known.pieces().size() - known.data()))
              + ": put it again with the same options, or rename it");
    }
  }

  /** The pieces are on the disk before the catalogue names them. */
  private StoredFile prepare(String name, PieceCommitment content, FileChannel file)
      throws IOException {
    Redundancy redundancy = config.redundancy();
    StoredFile.Encryption encryption = config.encrypted() ? vault.fresh() : null;
    List<PieceCommitment> pieces =
        encryption == null && redundancy.pieces() == 1
            ? List.of(content)
            : staging.make(
                name,
                file,
                content,
                redundancy,
                Optional.ofNullable(encryption).map(e -> vault.cipher(name, e)));
    progress.on(
        new Progress.Prepared(
            pieces.size(), redundancy.data(), pieces.getFirst().rawBytes(), encryption != null));
    return new StoredFile(
        name,
        content.cid().toString(),
        content.rawBytes(),
        encryption,
        redundancy.data(),
        redundancy.copies(),
        pieces.stream().map(p -> p.cid().toString()).toList(),
        false,
        List.of());
  }

  /**
   * Stores the pieces.
   *
   * @param source the file, when it is at hand
   */
  private StoredFile store(StoredFile stored, Optional<Path> source) throws IOException {
    List<Candidate> candidates = GranaryClient.candidates(ports, config, stored.piece(0).size());
    Plan plan = plan(stored, candidates);
    requireEscrow(plan, stored);
    storeAll(stored, source, plan);
    StoredFile done = catalogue.update(stored.name(), StoredFile::completed);
    if (!stored.isPlain()) {
      staging.drop(stored);
    }
    GranaryClient.leftOpen(done, ports).forEach(this::tell);
    return done;
  }

  /** The piece's bytes: the file's own, or staged, or else fetched from those that have them. */
  private Path bytes(StoredFile stored, int piece, Optional<Path> source) {
    if (stored.isPlain() && source.isPresent()) {
      return source.get();
    }
    Path staged = staging.path(stored, piece);
    fetching.lock();
    try {
      if (!Files.exists(staged)) {
        Files.createDirectories(staged.getParent());
        new Get(ports, wallet, progress).piece(stored, piece, staged);
      }
      return staged;
    } catch (IOException e) {
      throw new ClientException(
          ClientException.Code.BAD_FILE, "cannot write " + staged + ": " + e.getMessage(), e);
    } finally {
      fetching.unlock();
    }
  }

  private void tell(ListedDeal open) {
    DealProposal p = open.proposal();
    progress.on(new Progress.LeftOpen(p.miner(), open.id(), p.publishBy(), p.price()));
  }

  /**
   * What is there to work with.
   *
   * @param begun deals to go on with, by piece
   * @param queue further miners, best first
   * @param reasons why miners were not asked or failed, for the one who reads that they were too
   *     few
   */
  private record Plan(
      Map<Integer, Queue<StoredFile.StoredDeal>> begun,
      Queue<Candidate> queue,
      List<String> reasons) {
    private Stream<StoredFile.StoredDeal> allBegun() {
      return begun.values().stream().flatMap(Queue::stream);
    }

    private StoredFile.@Nullable StoredDeal next(int piece) {
      Queue<StoredFile.StoredDeal> deals = begun.get(piece);
      return deals == null ? null : deals.poll();
    }
  }

  private Plan plan(StoredFile stored, List<Candidate> candidates) {
    List<StoredFile.StoredDeal> begun = begun(stored);
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
    return new Plan(
        begun.stream()
            .collect(
                Collectors.groupingBy(
                    StoredFile.StoredDeal::piece,
                    Collectors.toCollection(ConcurrentLinkedQueue::new))),
        queue,
        reasons);
  }

  /**
   * The deals that were not given up, and those that were while their miner published them all the
   * same: they are paid for. What is on chain comes first: of two deals of a piece that was handed
   * over, the one that goes on.
   */
  private List<StoredFile.StoredDeal> begun(StoredFile stored) {
    Map<Boolean, List<StoredFile.StoredDeal>> isLive =
        stored.deals().stream()
            .collect(Collectors.partitioningBy(d -> ListedDeal.of(stored, d, ports).isLive()));
    return Stream.concat(
            isLive.getOrDefault(true, List.of()).stream(),
            isLive.getOrDefault(false, List.of()).stream().filter(d -> !d.abandoned()))
        .toList();
  }

  private void requireEscrow(Plan plan, StoredFile stored) {
    // The price of a begun deal is not locked before it is published.
    Stream<TokenAmount> begun =
        plan.allBegun()
            .map(d -> ListedDeal.of(stored, d, ports))
            .filter(d -> d.onChain().isEmpty())
            .map(d -> d.proposal().price());
    Stream<TokenAmount> further =
        plan.queue().stream()
            .limit(Math.max(0, stored.pieces().size() * stored.copies() - plan.allBegun().count()))
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

  private void storeAll(StoredFile stored, Optional<Path> source, Plan plan) {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> deals = new ArrayList<>();
      for (int i = 0; i < stored.pieces().size(); i++) {
        int index = i;
        LocalPiece piece =
            new LocalPiece(index, stored.piece(index), () -> bytes(stored, index, source));
        for (int copy = 0; copy < stored.copies(); copy++) {
          deals.add(executor.submit(() -> storeOne(stored.name(), piece, plan)));
        }
      }
      int active = 0;
      for (Future<Boolean> deal : deals) {
        active += deal.get() ? 1 : 0;
      }
      if (active < deals.size()) {
        throw notEnough(stored, active, deals.size(), plan.reasons());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClientException(
          ClientException.Code.INTERRUPTED, "interrupted; run the same put again to go on", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException("a deal failed", e.getCause());
    }
  }

  private ClientException notEnough(
      StoredFile stored, int active, int wanted, List<String> reasons) {
    List<ListedDeal> open =
        catalogue.find(stored.name()).map(f -> GranaryClient.leftOpen(f, ports)).orElse(List.of());
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
            + wanted
            + (stored.data() == 1
                ? " replicas are active"
                : " deals are active, and any " + stored.data() + " give the file back")
            + "; no further miner took one: "
            + String.join("; ", reasons)
            + ". Run the same put again to go on, or ask for fewer miners: --replicas, --shards"
            + left);
  }

  /** Goes on with a begun deal, or tries candidates, until a deal is active. */
  private boolean storeOne(String name, LocalPiece piece, Plan plan) {
    for (StoredFile.StoredDeal begun = plan.next(piece.index());
        begun != null;
        begun = plan.next(piece.index())) {
      if (replication.resume(name, begun, piece, plan.reasons())) {
        return true;
      }
    }
    for (Candidate c = plan.queue().poll(); c != null; c = plan.queue().poll()) {
      MinerRecord miner = c.miner();
      Optional<StoredFile.StoredDeal> open = givenUp(name, piece.index(), miner.peer().id());
      if (open.isPresent()
          ? replication.resume(name, open.get(), piece, plan.reasons())
          : replication.begin(name, miner, piece, plan.reasons())) {
        return true;
      }
    }
    return false;
  }

  /**
   * What this miner could still publish: it is offered again rather than a new one, or the miner
   * could publish both.
   */
  private Optional<StoredFile.StoredDeal> givenUp(String name, int piece, Address miner) {
    StoredFile file = catalogue.find(name).orElseThrow();
    return file.dealsOf(piece).stream()
        .filter(d -> d.miner().equals(miner.toString()))
        .filter(d -> ListedDeal.of(file, d, ports).isOpen())
        .findFirst();
  }
}
