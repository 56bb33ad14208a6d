package io.granary.protocol.chain;

import io.granary.protocol.channel.SignedCloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.util.List;

/**
 * What clients and miners send to the payment channels (Protocol §7); conventions as {@link
 * MinerMarket}.
 */
public interface ChannelWriter {
  /**
   * A batch's transaction and what became of each voucher in it.
   *
   * @param tx the transaction
   * @param items in the order of the batch; empty when the transaction was refused
   */
  record Redemption(TxResult tx, List<Item> items) {
    /**
     * How one voucher fared; one that is skipped never sinks the others.
     *
     * @param paid what went to the miner's balance
     * @param skipped the name of the contract's VoucherSkip, or empty when it was paid
     */
    public record Item(TokenAmount paid, String skipped) {}
  }

  /**
   * Moves tokens from the wallet into the caller's channel to a miner, by permit; opens it when it
   * is empty, and takes a request to close it back.
   */
  TxResult deposit(Address miner, TokenAmount amount);

  /** Pays vouchers to their miners' balances, as far as the channels reach. Anyone may send it. */
  Redemption redeem(List<SignedVoucher> vouchers);

  /** As the client: asks to close the channel to a miner. */
  TxResult requestClose(Address miner);

  /** Closes a channel: as anyone when its time has come, as the miner at any time. */
  TxResult close(Address client, Address miner);

  /** Closes a channel at once, as its miner signed. */
  TxResult closeWithConsent(SignedCloseConsent consent);

  /** Pays out the caller's balance to its wallet. */
  TxResult withdraw();
}
