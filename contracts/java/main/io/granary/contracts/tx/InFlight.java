package io.granary.contracts.tx;

import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TransactionJournal.Signed;
import io.granary.protocol.chain.Urgency;
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
  // Blocks; -1 until the first look at the chain.
  private long begunAt = -1;
  private long lastHead = -1;
  private boolean cappedTold;
  private boolean cancelled;

  /** For an intent that nothing was signed for, or what an earlier process has left. */
  InFlight(KeyedRpc rpc, TransactionJournal journal, TransactionJournal.Entry entry) {
    this.rpc = rpc;
    this.journal = journal;
    this.entry = entry;
  }

  /** Signs, notes and sends the first transaction of an intent. */
  synchronized void begin(Fees network) {
    begunAt = rpc.head();
    lastHead = begunAt;
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

  /** Sends the newest transaction again; an endpoint may have lost it. */
  synchronized void sendAgain() {
    rpc.broadcast(entry.signed().getLast());
  }

  /** Has the nonce taken by a transaction that does nothing. */
  synchronized void cancel() {
    cancelled = true;
    Fees least = fees().least();
    Fees network = rpc.networkFees();
    submit(
        rpc.signNothing(
            entry.nonce(),
            new Fees(least.tip().max(network.tip()), least.max().max(network.max()))));
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
    long head = look();
    boolean hurries =
        urgency
            .lastBlock()
            .filter(last -> head > lastHead && (last.value() - head) * 2 < last.value() - begunAt)
            .isPresent();
    if (!waited && !hurries) {
      return false;
    }
    lastHead = head;
    raise(rpc.networkFees(), urgency, head);
    return true;
  }

  /** Replaces it by one that is no slower than another, within the other's limit. */
  synchronized void keepUpWith(InFlight other) {
    Fees wanted = other.fees();
    if (fees().isLessThan(wanted)) {
      look();
      Urgency limit = new Urgency(true, Optional.empty(), other.entry().urgency().mostWei());
      raise(wanted, limit, begunAt);
    }
  }

  private long look() {
    long head = rpc.head();
    if (begunAt < 0) {
      begunAt = head;
      lastHead = head;
    }
    return head;
  }

  private void raise(Fees network, Urgency urgency, long head) {
    Optional<Fees> next = fees().next(network, urgency, entry.gas(), begunAt, head);
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
    submit(cancelled ? rpc.signNothing(entry.nonce(), next.get()) : rpc.sign(entry, next.get()));
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

  /** True when another transaction was mined under its nonce, as far as the endpoint knows. */
  boolean isOvertaken() {
    return rpc.count(DefaultBlockParameterName.LATEST) > nonce() && !isKnown();
  }

  /** True when the endpoint knows one of its transactions. */
  boolean isKnown() {
    List<TxHash> hashes = entry().signed().stream().map(Signed::hash).toList();
    return hashes.stream().anyMatch(rpc::knows) || receipt().isPresent();
  }
}
