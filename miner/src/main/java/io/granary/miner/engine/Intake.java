package io.granary.miner.engine;

import io.granary.miner.AskPolicy;
import io.granary.miner.FilterPolicy;
import io.granary.miner.MinerConfig;
import io.granary.miner.MinerPorts;
import io.granary.miner.OperatorLog;
import io.granary.miner.model.Footprint;
import io.granary.miner.model.StoredDeal;
import io.granary.miner.replica.Disk;
import io.granary.miner.replica.Shelf;
import io.granary.miner.storage.DealBook;
import io.granary.proofs.seal.SealProfile;
import io.granary.protocol.chain.AccountBalance;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.deal.SignedAsk;
import io.granary.protocol.deal.SignedProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Signs asks and decides about proposals (Protocol §3.2): everything the contract would check, and
 * what the operator wants.
 */
public final class Intake {
  /** Blocks that may pass between telling a number and seeing it proposed. */
  private static final long ANSWER_BLOCKS = 5;

  private static final Duration RATE = Duration.ofHours(1);

  private final MinerConfig config;
  private final MinerPorts ports;
  private final EthKey operator;
  private final Address miner;
  private final DealBook book;
  private final Shelf shelf;
  private final Disk disk;
  private final OperatorLog log;
  private final Clock clock;
  private final DealCommand command;

  /** Of one miner. */
  public Intake(
      MinerConfig config,
      MinerPorts ports,
      EthKey operator,
      Address miner,
      DealBook book,
      Shelf shelf,
      Disk disk,
      OperatorLog log,
      Clock clock) {
    this.config = config;
    this.ports = ports;
    this.operator = operator;
    this.miner = miner;
    this.book = book;
    this.shelf = shelf;
    this.disk = disk;
    this.log = log;
    this.clock = clock;
    this.command =
        new DealCommand(config.filter(), config.home(), ports.reader().terms().domain(), log);
  }

  /**
   * The current ask for a deal.
   *
   * @param bytes size of its piece, 0 when it is not known
   * @param periods its length, 0 when it is not known
   */
  public SignedAsk ask(long bytes, long periods) {
    AskPolicy p = policy(bytes, periods);
    Instant expiry = Instant.ofEpochSecond(clock.instant().getEpochSecond()).plus(p.validity());
    Ask ask =
        new Ask(
            miner,
            p.pricePerLeafPeriod(),
            p.collateralPerLeaf(),
            p.minSize(),
            p.maxSize(),
            p.minPeriods(),
            p.maxPeriods(),
            expiry);
    return new SignedAsk(ask, operator.sign(Eip712.ask(ports.reader().terms().domain(), ask)));
  }

  AskPolicy policy(long bytes, long periods) {
    return config.ask().of(bytes, periods);
  }

  /** What became of a proposal. */
  public sealed interface Decision {
    /** Taken; the deal's id. */
    record Accepted(DealId id) implements Decision {}

    /** Not taken, and what would have been. */
    record Declined(Refusal refusal) implements Decision {}
  }

  /**
   * Decides about a proposal; taking it is durable when this returns, and idempotent.
   *
   * @param caller who calls; only the client itself proposes
   */
  public Decision propose(SignedProposal signed, SignedAsk ask, Address caller) {
    Address client = signed.proposal().client();
    if (!caller.equals(client)) {
      return new Decision.Declined(
          new Refusal(
              "NOT_CLIENT",
              "only the client of a proposal makes it: sign the call with its key",
              caller.toString(),
              client.toString()));
    }
    DealId id = Eip712.dealId(ports.reader().terms().domain(), signed.proposal());
    if (config.filter().command().isEmpty()) {
      return take(id, signed, ask);
    }
    // The program may take seconds, in which other proposals go on, and what spoke for this one may
    // change: it is looked at again.
    return decided(id, signed, ask)
        .or(() -> command.refuse(id, signed.proposal()).map(no -> declined(id, signed, no)))
        .orElseGet(() -> take(id, signed, ask));
  }

  /** Empty when nothing speaks against a proposal that is new. */
  private synchronized Optional<Decision> decided(DealId id, SignedProposal signed, SignedAsk ask) {
    if (book.find(id).filter(d -> !d.isOver()).isPresent()) {
      return Optional.of(new Decision.Accepted(id));
    }
    return refuse(id, signed, ask).map(refusal -> declined(id, signed, refusal));
  }

  private Decision declined(DealId id, SignedProposal signed, Refusal refusal) {
    log.declined(id, signed.proposal().client(), refusal);
    return new Decision.Declined(refusal);
  }

  private synchronized Decision take(DealId id, SignedProposal signed, SignedAsk ask) {
    Optional<Decision> decided = decided(id, signed, ask);
    if (decided.isPresent()) {
      return decided.get();
    }
    book.add(StoredDeal.accepted(id, signed, clock.instant()));
    log.accepted(id, signed.proposal().client(), signed.proposal().size().bytes());
    return new Decision.Accepted(id);
  }

  private static Optional<Refusal> no(
      String code, String message, Object actual, Object acceptable) {
    return Optional.of(
        new Refusal(code, message, String.valueOf(actual), String.valueOf(acceptable)));
  }

  /** What needs no question to the chain comes first: refusing costs a stranger's flood little. */
  private Optional<Refusal> refuse(DealId id, SignedProposal signed, SignedAsk ask) {
    DealProposal p = signed.proposal();
    return refuseParties(id, signed)
        .or(() -> refuseClient(p.client()))
        .or(() -> refuseAsk(ask))
        .or(() -> refuseTerms(p, ask.ask()))
        .or(this::refuseCrowd)
        .or(() -> book.find(id).flatMap(known -> over(id)))
        .or(() -> refuseRate(p))
        .or(() -> refuseRoom(p))
        .or(this::refuseOwnStanding)
        .or(() -> refuseAuditor(p))
        .or(() -> refuseBlocks(p))
        .or(() -> refuseHandOver(p))
        .or(() -> refuseMoney(p))
        .or(() -> ports.reader().deal(id).flatMap(known -> over(id)));
  }

  private Optional<Refusal> refuseParties(DealId id, SignedProposal signed) {
    DealProposal p = signed.proposal();
    if (!p.miner().equals(miner)) {
      return no("WRONG_MINER", "the proposal is for another miner", p.miner(), miner);
    }
    if (Signatures.recover(id.hash(), signed.signature()).filter(p.client()::equals).isEmpty()) {
      return no(
          "BAD_SIGNATURE",
          "the proposal is not signed by its client for chain "
              + ports.reader().terms().domain().chainId()
              + " and market "
              + ports.reader().terms().domain().market(),
          "",
          p.client());
    }
    return Optional.empty();
  }

  /** A client that this miner serves not at all. */
  Optional<Refusal> refuseClient(Address client) {
    return config.filter().admits(client)
        ? Optional.empty()
        : no("CLIENT", "this miner takes no deals of this client; ask another", client, "");
  }

  /** What a client has been given in the last hour, also what came to nothing since. */
  private Optional<Refusal> refuseRate(DealProposal p) {
    FilterPolicy filter = config.filter();
    Instant since = clock.instant().minus(RATE);
    List<StoredDeal> recent =
        book.all().stream()
            .filter(d -> d.terms().client().equals(p.client()) && d.acceptedAt().isAfter(since))
            .toList();
    if (filter.dealsPerHour() > 0 && recent.size() >= filter.dealsPerHour()) {
      return no(
          "RATE",
          "this miner took as many deals of this client in the last hour as it takes in one; come"
              + " back later, or ask another",
          recent.size() + 1L,
          "at most " + filter.dealsPerHour());
    }
    long bytes = recent.stream().mapToLong(d -> d.terms().size().bytes()).sum();
    if (filter.bytesPerHour() > 0 && p.size().bytes() > filter.bytesPerHour() - bytes) {
      return no(
          "RATE",
          "this miner takes so many bytes of one client in an hour; come back later with a piece"
              + " that fits, or ask another",
          p.size().bytes() + " beside " + bytes,
          "at most " + filter.bytesPerHour());
    }
    return Optional.empty();
  }

  private Optional<Refusal> refuseAuditor(DealProposal p) {
    return p.auditor().equals(p.client()) || ports.directory().auditor(p.auditor()).isPresent()
        ? Optional.empty()
        : no(
            "NO_AUDITOR",
            "the auditor is not registered; name one that is, or yourself",
            p.auditor(),
            p.client());
  }

  /**
   * What would make the market skip the publication for the miner's sake is said before the data
   * moves.
   */
  private Optional<Refusal> refuseOwnStanding() {
    Optional<MinerRecord> self = ports.directory().miner(miner);
    if (self.isEmpty()
        || !self.get().accepting()
        || self.get().exiting()
        || !self.get().operator().equals(operator.address())) {
      return no(
          "NOT_ACCEPTING", "this miner takes no new deals at the moment; ask another", miner, "");
    }
    return Optional.empty();
  }

  private Optional<Refusal> refuseAsk(SignedAsk signed) {
    Ask ask = signed.ask();
    if (!ask.miner().equals(miner)
        || Signatures.recover(Eip712.ask(ports.reader().terms().domain(), ask), signed.signature())
            .filter(operator.address()::equals)
            .isEmpty()) {
      return no(
          "UNKNOWN_ASK", "the ask is not one of this miner's; get a new one", ask.miner(), miner);
    }
    if (!ask.expiresAt().isAfter(clock.instant())) {
      return no(
          "ASK_EXPIRED",
          "the ask has expired; get a new one",
          ask.expiresAt(),
          "after " + clock.instant());
    }
    return Optional.empty();
  }

  private Optional<Refusal> refuseTerms(DealProposal p, Ask ask) {
    MarketTerms terms = ports.reader().terms();
    long size = p.size().bytes();
    if (size < ask.minSize() || size > ask.maxSize()) {
      return no(
          "SIZE",
          "the piece is outside the sizes that this ask holds for",
          size,
          ask.minSize() + " to " + ask.maxSize());
    }
    long most = Math.min(ask.maxPeriods(), terms.maxPeriods());
    if (p.periods() < ask.minPeriods() || p.periods() > most) {
      return no(
          "PERIODS",
          "the deal is outside the lengths that this ask holds for",
          p.periods(),
          ask.minPeriods() + " to " + most);
    }
    if (p.sealProfile() != SealProfile.STREAM) {
      return no("UNSUPPORTED", "only seal profile 1 is taken", p.sealProfile(), SealProfile.STREAM);
    }
    TokenAmount perLeaf =
        ask.pricePerLeafPeriod().isLessThan(terms.minPricePerLeafPeriod())
            ? terms.minPricePerLeafPeriod()
            : ask.pricePerLeafPeriod();
    TokenAmount least = Pricing.price(perLeaf, p.size(), p.periods());
    if (p.price().isLessThan(least)) {
      return no(
          "PRICE", "the price is below the ask", p.price().units(), "at least " + least.units());
    }
    TokenAmount floor = Pricing.leastCollateral(terms, p.price(), p.size(), p.periods());
    TokenAmount ceiling =
        Pricing.collateral(terms, ask.collateralPerLeaf(), p.price(), p.size(), p.periods());
    if (p.collateral().isLessThan(floor) || ceiling.isLessThan(p.collateral())) {
      return no(
          "COLLATERAL",
          "the collateral is not what the ask offers",
          p.collateral().units(),
          floor.units() + " to " + ceiling.units());
    }
    return Optional.empty();
  }

  /**
   * The bounds of Protocol §3.3 and §3.9, by subtraction: both blocks are the client's to choose,
   * up to 2^63.
   */
  private Optional<Refusal> refuseBlocks(DealProposal p) {
    MarketTerms terms = ports.reader().terms();
    long head = ports.chain().head().number().value();
    long earliest = head + config.tuning().publishRoomBlocks();
    // A block may pass until the client has read this and comes again.
    long comfortable = earliest + ANSWER_BLOCKS;
    long furthest = head + terms.maxActivationBlocks();
    long delay = p.activationRoom(terms);
    long last = p.activateBy().value() - delay;
    if (p.activateBy().value() > furthest) {
      return no(
          "ACTIVATE_BY",
          "the market takes no activation so far ahead",
          p.activateBy(),
          "at most " + furthest);
    }
    if (last < earliest) {
      return no(
          "ACTIVATE_BY",
          "too few blocks are left for upload, sealing, publishing and activation",
          p.activateBy(),
          "at least " + (comfortable + delay));
    }
    if (p.publishBy().value() < earliest) {
      return no(
          "PUBLISH_BY",
          "too few blocks are left for upload, sealing and publishing",
          p.publishBy(),
          "at least " + Math.min(comfortable, last));
    }
    if (p.publishBy().value() > last) {
      return no(
          "PUBLISH_BY",
          "activation must stay possible when the deal is published last thing",
          p.publishBy(),
          "at most " + last);
    }
    return Optional.empty();
  }

  private Optional<Refusal> refuseHandOver(DealProposal p) {
    return p.predecessor()
        .map(old -> ports.reader().coverOf(p).reason())
        .filter(reason -> !reason.isEmpty())
        .flatMap(
            reason ->
                no(
                    "REPLACES",
                    "the market takes no hand-over of deal " + p.replaces() + " now",
                    reason,
                    "an active deal of the same client with another miner, not under notice, and"
                        + " with no other hand-over pending"));
  }

  /** What publication will lock of the client's balance. */
  private TokenAmount due(DealProposal p) {
    return p.predecessor().isEmpty() ? p.price() : ports.reader().coverOf(p).due(p.price());
  }

  private Optional<Refusal> refuseMoney(DealProposal p) {
    AccountBalance client = ports.reader().account(p.client());
    TokenAmount unlocked =
        client.balance().isLessThan(client.requested())
            ? TokenAmount.ZERO
            : client.balance().minus(client.requested());
    TokenAmount promised =
        pending(d -> d.terms().client().equals(p.client()) ? due(d.terms()) : TokenAmount.ZERO);
    TokenAmount needed = promised.plus(due(p));
    if (unlocked.isLessThan(needed)) {
      return no(
          "CLIENT_ESCROW",
          "the client's unlocked balance, less what it has announced to withdraw, is below the"
              + " price: deposit more",
          unlocked.units(),
          "at least " + needed.units());
    }
    TokenAmount own = ports.reader().account(miner).balance();
    TokenAmount taken = pending(d -> d.terms().collateral());
    TokenAmount left = own.isLessThan(taken) ? TokenAmount.ZERO : own.minus(taken);
    if (left.isLessThan(p.collateral())) {
      return no(
          "MINER_COLLATERAL",
          "this miner has too little unlocked for the collateral now; ask another or come back",
          p.collateral().units(),
          "at most " + left.units());
    }
    return Optional.empty();
  }

  private TokenAmount pending(java.util.function.Function<StoredDeal, TokenAmount> amount) {
    return book.all().stream()
        .filter(d -> !d.isOver() && d.isPending())
        .map(amount)
        .reduce(TokenAmount.ZERO, TokenAmount::plus);
  }

  /** The number told is the largest piece that fits both the promise and the disk. */
  private Optional<Refusal> refuseRoom(DealProposal p) {
    long peak = Footprint.peakBytes(p.size());
    long free = book.room(config.capacityBytes()).freeBytes();
    long unpromised = unpromisedBytes();
    String most = "at most " + Footprint.largestPiece(Math.min(free, unpromised));
    if (peak > free) {
      return no(
          "CAPACITY",
          "this miner has too little capacity left for the piece",
          p.size().bytes(),
          most);
    }
    if (peak > unpromised) {
      log.lowDisk(unpromised, peak);
      return no(
          "DISK_FULL",
          "this miner's disk has too little space left for the piece; ask another",
          p.size().bytes(),
          most);
    }
    return Optional.empty();
  }

  /** What the disk has left when all deals in the making have taken what they need. */
  private long unpromisedBytes() {
    try {
      long usable = disk.usableBytes(shelf.directory()) - config.tuning().minFreeDiskBytes();
      for (StoredDeal d : book.all()) {
        if (!d.isOver() && !d.hasReplica()) {
          usable -= Footprint.peakBytes(d.terms().size()) - shelf.stagedBytes(d.id());
        }
      }
      return usable;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot tell the free space of " + shelf.directory(), e);
    }
  }

  private Optional<Refusal> refuseCrowd() {
    long open = book.all().stream().filter(d -> !d.isOver() && d.isPending()).count();
    return open >= config.tuning().maxPendingDeals()
        ? no(
            "BUSY",
            "this miner has as many deals in the making as it takes; come back later",
            open,
            "below " + config.tuning().maxPendingDeals())
        : Optional.empty();
  }

  private static Optional<Refusal> over(DealId id) {
    return no("OVER", "this deal id has ended; propose a new one with another salt", id, "");
  }
}
