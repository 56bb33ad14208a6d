package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one key has begun to send and not seen the end of, by nonce. It is written before a
 * transaction leaves and forgotten when one with its nonce is deep enough, so that a process that
 * is started again finds what it was doing: nothing is sent twice, no nonce stays open. Two keys
 * have two journals.
 */
public interface TransactionJournal {
  /**
   * A signed transaction.
   *
   * @param hash its hash
   * @param raw as it goes to an endpoint
   * @param tip priority fee, wei for a unit of gas
   * @param maxFee most in all, wei for a unit of gas
   * @param nothing true: it does not do what is to be done, it only takes the nonce
   */
  record Signed(TxHash hash, byte[] raw, BigInteger tip, BigInteger maxFee, boolean nothing) {}

  /**
   * One thing to be done, and all that was signed under its nonce. At most one of these can be
   * mined.
   *
   * @param nonce of the key
   * @param to contract that is called; empty to deploy
   * @param data calldata
   * @param wei ether that goes along
   * @param gas limit
   * @param urgency how it hurries
   * @param begunAt newest block when it was begun
   * @param since when it was begun
   * @param signed what was signed under this nonce, oldest first; each may have been sent
   */
  record Entry(
      long nonce,
      Optional<Address> to,
      byte[] data,
      BigInteger wei,
      BigInteger gas,
      Urgency urgency,
      BlockNumber begunAt,
      Instant since,
      List<Signed> signed) {
    /** Makes the list its own. */
    public Entry {
      signed = List.copyOf(signed);
    }

    /** The same nonce for another thing to be done; what was signed before may still be mined. */
    public Entry insteadFor(byte[] otherData, BigInteger otherGas, Urgency otherUrgency) {
      return new Entry(nonce, to, otherData, wei, otherGas, otherUrgency, begunAt, since, signed);
    }

    /** With one more transaction. */
    public Entry plus(Signed next) {
      List<Signed> all = new ArrayList<>(signed);
      all.add(next);
      return new Entry(nonce, to, data, wei, gas, urgency, begunAt, since, all);
    }
  }

  /** Everything begun and not ended, lowest nonce first. */
  List<Entry> open();

  /** Adds or replaces the entry of a nonce; durable when it returns. */
  void put(Entry entry);

  /** Forgets the entry of a nonce; nothing happens when there is none. */
  void end(long nonce);

  /**
   * Keeps what a mined transaction cost, for good, and forgets the entry of its nonce: both or
   * neither, durable when it returns.
   */
  void mined(TxCost cost);

  /** What was kept of all mined transactions of all keys that wrote here, by sender and nonce. */
  List<TxCost> costs();
}
