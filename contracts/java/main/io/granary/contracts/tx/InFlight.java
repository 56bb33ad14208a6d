package io.granary.contracts.tx;

import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TransactionJournal.Signed;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * One nonce and the transactions signed under it. Each is in the journal before it leaves, so what
 * is in the journal is all that can ever be mined under the nonce.
 */
final class InFlight {
  private static final Logger LOG = LoggerFactory.getLogger(InFlight.class);

  private final KeyedRpc rpc;
  private final TransactionJournal journal;
  private TransactionJournal.Entry entry;
  private Instant lastSent = Instant.now();
  // Block of the last look; -1 until the first.
  private long lastHead = -1;
  private boolean cappedTold;
  private Instant keptUntil = Instant.MIN;
  // So many of its transactions did what it was begun for before another call took its place.
  private int superseded;

  /** For an intent that nothing was signed for, or what an earlier process has left. */
  InFlight(KeyedRpc rpc, TransactionJournal journal, TransactionJournal.Entry entry) {
    this.rpc = rpc;
    this.journal = journal;
    this.entry = entry;
  }

  /** Signs, notes and sends the first transaction of an intent. */
  synchronized void begin(Fees network) {
    lastHead = entry.begunAt().value();
    Fees fees = Fees.first(network, entry.urgency(), entry.gas());
    if (fees.isLessThan(network)) {
      tellCapped(network);
    }
    submit(rpc.sign(entry, fees));
  }

  private void submit(Signed signed) {
    entry = entry.plus(signed);
    journal.put(entry);
    lastSent = Instant.now();
    rpc.broadcast(signed);
  }

  private void replace(Signed signed) {
    entry = entry.plus(signed);
    journal.put(entry);
    lastSent = Instant.now();
    deliver(signed);
  }

  synchronized TransactionJournal.Entry entry() {
    return entry;
  }

  long nonce() {
    return entry().nonce();
  }

  synchronized Fees fees() {
    Signed newest = entry.signed().getLast();
    return new Fees(newest.tip(), newest.maxFee());
  }

  /**
   * Does another thing under the nonce, by a transaction that takes the place of those before it;
   * false when the limit leaves no room for that.
   */
  synchronized boolean doInstead(byte[] data, BigInteger gas, Urgency urgency) {
    long head = rpc.head();
    Optional<Fees> next =
        fees().next(rpc.networkFees(), urgency, gas, entry.begunAt().value(), head);
    if (next.isEmpty()) {
      return false;
    }
    lastHead = head;
    superseded = entry.signed().size();
    entry = entry.insteadFor(data, gas, urgency);
    replace(rpc.sign(entry, next.get()));
    return true;
  }

  /**
   * Whether a transaction of its nonce did what it is for now: not nothing, nor something before.
   */
  synchronized boolean isDoneBy(TransactionReceipt receipt) {
    TxHash mined = TxHash.parse(receipt.getTransactionHash());
    return entry.signed().stream()
        .skip(superseded)
        .anyMatch(signed -> signed.hash().equals(mined) && !signed.nothing());
  }

  /** Leaves it, for a while, to a call that takes its place. */
  synchronized void keepFor(Duration time) {
    keptUntil = Instant.now().plus(time);
  }

  /** True while a call that takes its place is awaited. */
  synchronized boolean isKept() {
    return Instant.now().isBefore(keptUntil);
  }

  /** Sends the newest transaction again; an endpoint may have lost it. */
  synchronized void sendAgain() {
    deliver(entry.signed().getLast());
  }

  /** One that is not taken leaves those before it as they are; what becomes of them is asked. */
  private void deliver(Signed signed) {
    try {
      rpc.broadcast(signed);
    } catch (RpcErrorException e) {
      LOG.atWarn()
          .addKeyValue("nonce", entry.nonce())
          .addKeyValue("tx", signed.hash())
          .addKeyValue("answer", e.getMessage())
          .log("the endpoint refused to take a transaction again");
    }
  }

  /** True when the newest of them only takes the nonce. */
  private boolean isCancelled() {
    return entry.signed().getLast().nothing();
  }

  /** Has the nonce taken by a transaction that does nothing, within the limit of the intent. */
  synchronized void cancel() {
    Fees network = rpc.networkFees();
    Urgency limit = new Urgency(false, Optional.empty(), entry.urgency().mostWei());
    long begunAt = entry.begunAt().value();
    Optional<Fees> next = fees().next(network, limit, KeyedRpc.NOTHING_GAS, begunAt, begunAt);
    if (next.isPresent()) {
      replace(rpc.signNothing(entry.nonce(), next.get()));
    } else {
      tellCapped(network);
      lastSent = Instant.now();
    }
  }

  /**
   * Replaces it by one with a higher fee when it is time for that: when it has waited for long, or
   * at a new block when less than half of its time is left.
   */
  synchronized boolean raiseWhenDue(Duration resendAfter) {
    boolean waited = Instant.now().isAfter(lastSent.plus(resendAfter));
    Urgency urgency = entry.urgency();
    if (!waited && urgency.lastBlock().isEmpty()) {
      return false;
    }
    long head = rpc.head();
    long begunAt = entry.begunAt().value();
    long last = urgency.lastBlock().map(BlockNumber::value).orElse(Long.MAX_VALUE);
    boolean hurries = head > lastHead && (last - head) * 2 < last - begunAt;
    if (!waited && !hurries) {
      return false;
    }
    lastHead = head;
    if (head > last && !isCancelled()) {
      // Of no use any more: its nonce is to be free as soon as may be.
      cancel();
    } else {
      raise(rpc.networkFees(), urgency, Math.min(head, last));
    }
    return true;
  }

  /** Replaces it by one that is no slower than another, within the other's limit. */
  synchronized void keepUpWith(InFlight other) {
    Fees wanted = other.fees();
    if (fees().isLessThan(wanted)) {
      Urgency limit = new Urgency(true, Optional.empty(), other.entry().urgency().mostWei());
      raise(wanted, limit, entry.begunAt().value());
    }
  }

  private void raise(Fees network, Urgency urgency, long head) {
    BigInteger gas = isCancelled() ? KeyedRpc.NOTHING_GAS : entry.gas();
    Optional<Fees> next = fees().next(network, urgency, gas, entry.begunAt().value(), head);
    if (next.isEmpty()) {
      tellCapped(network);
      // Nothing dearer may leave; what is there may have been lost.
      lastSent = Instant.now();
      sendAgain();
      return;
    }
    LOG.atWarn()
        .addKeyValue("nonce", entry.nonce())
        .addKeyValue("maxFeeWei", next.get().max())
        .log("a transaction waits; sending it again with a higher fee");
    replace(
        isCancelled() ? rpc.signNothing(entry.nonce(), next.get()) : rpc.sign(entry, next.get()));
  }

  private void tellCapped(Fees network) {
    if (!cappedTold) {
      cappedTold = true;
      LOG.atWarn()
          .addKeyValue("nonce", entry.nonce())
          .addKeyValue("networkWei", network.max())
          .addKeyValue("limitWei", entry.urgency().mostWei().map(BigInteger::toString).orElse(""))
          .log("the network asks more than a transaction may cost; it waits for lower fees");
    }
  }

  /** The receipt of whichever of its transactions was mined. */
  Optional<TransactionReceipt> receipt() {
    for (Signed signed : entry().signed()) {
      Optional<TransactionReceipt> receipt = rpc.receipt(signed.hash());
      if (receipt.isPresent()) {
        return receipt;
      }
    }
    return Optional.empty();
  }

  /** True when a receipt that was read before is in the same block now. */
  boolean isStill(TransactionReceipt before) {
    return receipt().filter(now -> now.getBlockHash().equals(before.getBlockHash())).isPresent();
  }

  /** True when its nonce is used, by one of these or by another. */
  boolean isUsed() {
    return rpc.count(DefaultBlockParameterName.LATEST) > nonce();
  }

  /** True when another transaction was mined under its nonce, as far as the endpoint knows. */
  boolean isOvertaken() {
    return isUsed() && !isKnown();
  }

  /** True when the endpoint knows one of its transactions. */
  boolean isKnown() {
    List<TxHash> hashes = entry().signed().stream().map(Signed::hash).toList();
    return hashes.stream().anyMatch(rpc::knows) || receipt().isPresent();
  }
}
