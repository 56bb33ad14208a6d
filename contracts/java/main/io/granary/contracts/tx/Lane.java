package io.granary.contracts.tx;

import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxCost;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.utils.Numeric;

/**
 * The open nonces of one key. Each is either waited for by a thread, or left over: begun by an
 * earlier process, or by a call that gave up. It leaves only when its transaction is at its end.
 */
final class Lane {
  private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
  // A wider one is an endpoint that has lost its way, not a dropped transaction or two.
  private static final long WIDEST_GAP = 64;

  private final KeyedRpc rpc;
  private final TransactionJournal journal;
  private final ReentrantLock moving = new ReentrantLock();
  private final NavigableMap<Long, InFlight> waitedFor = new ConcurrentSkipListMap<>();
  private final NavigableMap<Long, InFlight> left = new ConcurrentSkipListMap<>();

  Lane(KeyedRpc rpc, TransactionJournal journal) {
    this.rpc = rpc;
    this.journal = journal;
    journal.open().forEach(e -> left.put(e.nonce(), new InFlight(rpc, journal, e)));
  }

  /**
   * Takes the next nonce and sends the first transaction under it; the caller waits for it.
   *
   * @throws RpcErrorException when the endpoint refuses it; then the nonce is free
   */
  InFlight begin(TransactionSender.Call call, BigInteger gas, Fees network, Urgency urgency) {
    moving.lock();
    try {
      InFlight begun =
          new InFlight(
              rpc,
              journal,
              intent(
                  nextNonce(),
                  Optional.ofNullable(call.to()),
                  Numeric.hexStringToByteArray(call.data()),
                  call.wei(),
                  gas,
                  urgency));
      start(begun, network);
      waitedFor.put(begun.nonce(), begun);
      return begun;
    } finally {
      moving.unlock();
    }
  }

  private TransactionJournal.Entry intent(
      long nonce,
      Optional<Address> to,
      byte[] data,
      BigInteger wei,
      BigInteger gas,
      Urgency urgency) {
    return new TransactionJournal.Entry(
        nonce, to, data, wei, gas, urgency, new BlockNumber(rpc.head()), Instant.now(), List.of());
  }

  private void start(InFlight begun, Fees network) {
    try {
      begun.begin(network);
    } catch (RpcErrorException e) {
      // It was not taken, so the nonce is free; an entry would be sent by the next.
      journal.end(begun.nonce());
      throw e;
    } catch (ChainUnavailableException e) {
      // It may have arrived although no answer came.
      if (!begun.entry().signed().isEmpty()) {
        left.put(begun.nonce(), begun);
      }
      throw e;
    }
  }

  /**
   * With nothing of ours under way the chain knows best: after a reorg its count may be lower than
   * what was used.
   */
  private long nextNonce() {
    long next = rpc.count(DefaultBlockParameterName.PENDING);
    for (var open : List.of(waitedFor, left)) {
      if (!open.isEmpty()) {
        next = Math.max(next, open.lastKey() + 1);
      }
    }
    return next;
  }

  /** What nobody waits for, lowest nonce first. */
  List<InFlight> left() {
    return List.copyOf(left.values());
  }

  /** Who claims it waits for it; false when somebody else does. */
  boolean claim(InFlight one) {
    moving.lock();
    try {
      if (!left.remove(one.nonce(), one)) {
        return false;
      }
      waitedFor.put(one.nonce(), one);
      return true;
    } finally {
      moving.unlock();
    }
  }

  /** Whoever waited for it does so no longer; nothing happens when it has ended. */
  void leave(InFlight one) {
    moving.lock();
    try {
      if (waitedFor.remove(one.nonce(), one)) {
        left.put(one.nonce(), one);
      }
    } finally {
      moving.unlock();
    }
  }

  /** Its nonce is used, or free again. */
  void end(InFlight one) {
    waitedFor.remove(one.nonce(), one);
    left.remove(one.nonce(), one);
    journal.end(one.nonce());
  }

  /** It was mined, and cost this. */
  void end(InFlight one, TxCost cost) {
    journal.mined(cost);
    waitedFor.remove(one.nonce(), one);
    left.remove(one.nonce(), one);
  }

  /** Whether no open nonce is higher: only then can it be forgotten without leaving a gap. */
  boolean isLast(InFlight one) {
    return waitedFor.tailMap(one.nonce(), false).isEmpty()
        && left.tailMap(one.nonce(), false).isEmpty();
  }

  /**
   * A nonce is only mined after all below it. Those that nothing has are filled; what nobody waits
   * for may be lost, and is sent again; what stands in the way of one that goes first pays as much
   * as that.
   */
  void clearTheWayOf(InFlight mine) {
    fillGap();
    left.headMap(mine.nonce(), false).values().forEach(InFlight::sendAgain);
    if (mine.entry().urgency().first()) {
      for (var open : List.of(waitedFor, left)) {
        open.headMap(mine.nonce(), false).values().forEach(x -> x.keepUpWith(mine));
      }
    }
  }

  /**
   * Nonces below all of ours that no endpoint knows a transaction of, for example because another
   * process' was dropped, are taken by nothing: ours would wait behind them for ever.
   */
  private void fillGap() {
    moving.lock();
    try {
      long lowest = Math.min(lowest(waitedFor), lowest(left));
      long next = rpc.count(DefaultBlockParameterName.PENDING);
      if (lowest == Long.MAX_VALUE || lowest - next > WIDEST_GAP) {
        return;
      }
      for (long nonce = next; nonce < lowest; nonce++) {
        LOG.atWarn().addKeyValue("nonce", nonce).log("nothing has this nonce; it is filled");
        InFlight filler =
            new InFlight(
                rpc,
                journal,
                intent(
                    nonce,
                    Optional.of(rpc.address()),
                    new byte[0],
                    BigInteger.ZERO,
                    KeyedRpc.NOTHING_GAS,
                    Urgency.none()));
        start(filler, rpc.networkFees());
        left.put(nonce, filler);
      }
    } catch (RpcErrorException e) {
      // It is tried again when one of those behind it has waited for long.
      LOG.atWarn().addKeyValue("answer", e.getMessage()).log("a nonce could not be filled");
    } finally {
      moving.unlock();
    }
  }

  private static long lowest(NavigableMap<Long, InFlight> open) {
    return open.isEmpty() ? Long.MAX_VALUE : open.firstKey();
  }
}
