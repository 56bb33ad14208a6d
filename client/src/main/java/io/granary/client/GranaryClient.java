package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.plan.Candidate;
import io.granary.client.plan.Ranking;
import io.granary.client.plan.TrackRecords;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A renter's view of the market: store a file with several miners, get it back, watch its deals.
 * Files are encrypted with keys from the wallet and cut into shards unless the configuration says
 * otherwise (docs/file-format.md). Safe for several threads.
 *
 * <pre>{@code
 * GranaryClient client = new GranaryClient(ports, walletKey, ClientConfig.defaults(home));
 * StoredFile stored = client.put(Path.of("holiday.tar"), step -> System.out.println(step));
 * client.get(stored.name(), Path.of("back.tar"), step -> {});
 * }</pre>
 */
public final class GranaryClient {
  private final ClientPorts ports;
  private final EthKey wallet;
  private final ClientConfig config;
  private final Catalogue catalogue;

  /**
   * Opens the catalogue in the client's home.
   *
   * @throws IOException when it cannot be read
   */
  public GranaryClient(ClientPorts ports, EthKey wallet, ClientConfig config) throws IOException {
    this.ports = ports;
    this.wallet = wallet;
    this.config = config;
    this.catalogue = new Catalogue(config.home());
  }

  /**
   * The size of each piece that a file becomes.
   *
   * @throws IllegalArgumentException when it cannot be stored: empty, or too large
   */
  public RawSize pieceSize(long fileBytes) {
    return Sizes.piece(fileBytes, config.encrypted(), config.redundancy());
  }

  /**
   * All miners for a piece of that size, best first, with the reasons of those that are left out.
   */
  public List<Candidate> quote(RawSize size) {
    return candidates(ports, config, size);
  }

  /** The one ranking, so that a put asks the miners in the order that a quote showed. */
  static List<Candidate> candidates(ClientPorts ports, ClientConfig config, RawSize size) {
    return Ranking.rank(
        ports.directory().miners(),
        size,
        config.periods(),
        config.maxPricePerLeafPeriod(),
        TrackRecords.read(ports.chain(), ports.reader(), ports.history()));
  }

  /**
   * Stores a file with as many different miners as the configured redundancy wants; returns once
   * all deals are active on chain. Called again after an interruption, it goes on with the deals
   * that were begun.
   *
   * @throws ClientException with a code that says why it could not
   */
  public StoredFile put(Path file, Progress.Listener progress) {
    return new Put(ports, wallet, config, catalogue, progress).run(file);
  }

  /**
   * Stores what a file lacks: for each piece whose deal is over it makes one with another miner.
   * The pieces come from the miners that have them, or are computed from others.
   *
   * @param nameOrCid as listed
   * @throws ClientException with a code that says why it could not
   */
  public StoredFile repair(String nameOrCid, Progress.Listener progress) {
    return new Put(ports, wallet, config, catalogue, progress).repair(find(nameOrCid));
  }

  /**
   * Fetches a file from as many miners as give it back; every range is verified before it is kept.
   *
   * @param nameOrCid as listed
   * @throws ClientException with a code that says why it could not
   */
  public void get(String nameOrCid, Path target, Progress.Listener progress) {
    StoredFile file = find(nameOrCid);
    new Get(ports, wallet, progress).run(file, target);
  }

  /** All files. */
  public List<StoredFile> files() {
    return catalogue.all();
  }

  /**
   * One file.
   *
   * @throws ClientException when the catalogue has none of that name or content CID
   */
  public StoredFile find(String nameOrCid) {
    return catalogue
        .find(nameOrCid)
        .orElseThrow(
            () ->
                new ClientException(
                    ClientException.Code.UNKNOWN_FILE,
                    "no file '"
                        + nameOrCid
                        + "' in "
                        + config.home()
                        + ": 'granary ls' lists the names and content CIDs"));
  }

  /** How the chain says that a file is. */
  public FileHealth health(StoredFile file) {
    return FileHealth.of(file, ports);
  }

  /** Every proposal that this wallet signed for its files, and what became of it. */
  public List<ListedDeal> deals() {
    return catalogue.all().stream()
        .flatMap(file -> file.deals().stream().map(d -> ListedDeal.of(file, d, ports)))
        .toList();
  }

  /** The abandoned proposals of a file that their miners can still publish. */
  public List<ListedDeal> leftOpen(StoredFile file) {
    return leftOpen(file, ports);
  }

  static List<ListedDeal> leftOpen(StoredFile file, ClientPorts ports) {
    return file.deals().stream()
        .filter(StoredFile.StoredDeal::abandoned)
        .map(d -> ListedDeal.of(file, d, ports))
        .filter(ListedDeal::isOpen)
        .toList();
  }

  /**
   * Takes back a proposal that nobody published, with a transaction.
   *
   * @throws ClientException when it is unknown, or past being cancelled; the message says what to
   *     do instead
   */
  public TxResult.Confirmed cancel(DealId id) {
    return new Cancel(ports, catalogue).run(id);
  }

  /**
   * Goes on with an active deal of a file, on the same replica (Protocol §3.6).
   *
   * @param periods by how many its end moves
   * @param pricePerPeriod what is offered for a period; empty: what the miner asks
   * @throws ClientException when the miner does not agree, or too little is deposited
   */
  public DealSnapshot renew(DealId id, long periods, Optional<TokenAmount> pricePerPeriod) {
    return new Renew(ports, wallet, catalogue).run(id, periods, pricePerPeriod);
  }

  /**
   * Moves an active deal of a file to another miner, on the old deal's unspent escrow (Protocol
   * §3.9); returns once the new deal is active. Called again after an interruption, it goes on.
   *
   * @param to the new miner
   * @param periods of the new deal; empty: as long as the old one would have lasted
   * @param local the file, if it is at hand and stored as it is; else the piece comes from the
   *     miners
   * @return the new deal
   * @throws ClientException when the miner does not take it, or too little is deposited
   */
  public DealSnapshot handOver(
      DealId id,
      Address to,
      Optional<Long> periods,
      Optional<Path> local,
      Progress.Listener progress) {
    return new HandOver(ports, wallet, config, catalogue, progress).run(id, to, periods, local);
  }

  /** A deal as the contract has it. */
  public Optional<DealSnapshot> deal(DealId id) {
    return ports.reader().deal(id);
  }

  /** What the wallet has in the market. */
  public AccountBalance balance() {
    return ports.reader().account(wallet.address());
  }

  /** What the wallet has outside the market. */
  public TokenAmount walletBalance() {
    return ports.reader().walletBalance(wallet.address());
  }

  /** The ports, for what needs no more than a transaction. */
  public ClientPorts ports() {
    return ports;
  }

  /** What a miner says of a deal; empty when it does not answer. */
  public Optional<String> minerStatus(DealId id, DealSnapshot deal) {
    return ports
        .directory()
        .miner(deal.miner())
        .flatMap(
            m -> {
              try (MinerConnection connection =
                  new MinerConnection(m, ports.reader().terms().domain(), wallet)) {
                return Optional.of(
                    connection.status(id).stage().name().toLowerCase(java.util.Locale.ROOT));
              } catch (PeerException e) {
                return Optional.empty();
              }
            });
  }
}
