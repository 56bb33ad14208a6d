package io.granary.contracts.tx;

import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Keccak;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.crypto.Credentials;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.TransactionEncoder;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.methods.request.Transaction;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthEstimateGas;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/** What a sender asks of an endpoint, and signs, for one key. */
final class KeyedRpc {
  private static final Logger LOG = LoggerFactory.getLogger(KeyedRpc.class);

  /** Of a transfer without data. */
  static final BigInteger NOTHING_GAS = BigInteger.valueOf(21_000);

  private static final BigInteger DEFAULT_TIP = BigInteger.valueOf(1_000_000_000L);

  private final Rpc rpc;
  private final long chainId;
  private final Address address;
  private final Credentials credentials;

  KeyedRpc(Rpc rpc, long chainId, EthKey key) {
    this.rpc = rpc;
    this.chainId = chainId;
    this.address = key.address();
    this.credentials = Credentials.create(Numeric.toHexStringNoPrefix(key.secretBytes()));
  }

  Address address() {
    return address;
  }

  long head() {
    return rpc.head();
  }

  /** Transactions mined, or with {@code PENDING} those in the endpoint's pool too. */
  long count(DefaultBlockParameterName at) {
    return rpc.send(rpc.web3j().ethGetTransactionCount(address.toString(), at))
        .getTransactionCount()
        .longValueExact();
  }

  /**
   * Gas of a call, and whether it goes through.
   *
   * @throws RpcErrorException when it does not
   */
  BigInteger estimate(TransactionSender.Call call, DefaultBlockParameterName at) {
    Request<?, EthEstimateGas> request =
        new Request<>(
            "eth_estimateGas",
            List.of(asked(call), at.getValue()),
            rpc.service(),
            EthEstimateGas.class);
    BigInteger estimate = rpc.send(request).getAmountUsed();
    // State can change before the transaction is mined; unused gas costs nothing.
    return estimate
        .multiply(BigInteger.valueOf(13))
        .divide(BigInteger.TEN)
        .add(BigInteger.valueOf(20_000));
  }

  /** Calls without sending, in the state of a block. */
  void tryOut(TransactionSender.Call call, BigInteger block) {
    rpc.send(rpc.web3j().ethCall(asked(call), DefaultBlockParameter.valueOf(block)));
  }

  private Transaction asked(TransactionSender.Call call) {
    return new Transaction(
        address.toString(),
        null,
        null,
        null,
        call.to() == null ? null : call.to().toString(),
        call.wei(),
        call.data());
  }

  /** What the network asks: room for the base fee to double. */
  Fees networkFees() {
    EthBlock.Block block =
        rpc.send(rpc.web3j().ethGetBlockByNumber(DefaultBlockParameterName.LATEST, false))
            .getBlock();
    BigInteger base = block.getBaseFeePerGas();
    BigInteger tip;
    try {
      tip = rpc.send(rpc.web3j().ethMaxPriorityFeePerGas()).getMaxPriorityFeePerGas();
    } catch (RpcErrorException notOffered) {
      tip = DEFAULT_TIP;
    }
    return new Fees(tip, base.multiply(BigInteger.TWO).add(tip));
  }

  TransactionJournal.Signed sign(TransactionJournal.Entry entry, Fees fees) {
    return sign(
        RawTransaction.createTransaction(
            chainId,
            BigInteger.valueOf(entry.nonce()),
            entry.gas(),
            entry.to().map(Address::toString).orElse(""),
            entry.wei(),
            Numeric.toHexString(entry.data()),
            fees.tip(),
            fees.max()),
        fees,
        false);
  }

  /** A transaction that does nothing but take the nonce. */
  TransactionJournal.Signed signNothing(long nonce, Fees fees) {
    return sign(
        RawTransaction.createTransaction(
            chainId,
            BigInteger.valueOf(nonce),
            NOTHING_GAS,
            address.toString(),
            BigInteger.ZERO,
            "",
            fees.tip(),
            fees.max()),
        fees,
        true);
  }

  private TransactionJournal.Signed sign(RawTransaction transaction, Fees fees, boolean nothing) {
    byte[] raw = TransactionEncoder.signMessage(transaction, chainId, credentials);
    return new TransactionJournal.Signed(
        new TxHash(Keccak.hash(raw)), raw, fees.tip(), fees.max(), nothing);
  }

  /**
   * Sends a signed transaction. That an endpoint knows it already, has a better one or has mined
   * its nonce is no failure: what became of the nonce is found out by asking.
   *
   * @throws RpcErrorException when it is refused for another reason, for example for want of ether
   */
  void broadcast(TransactionJournal.Signed signed) {
    try {
      rpc.broadcast(Numeric.toHexString(signed.raw()));
    } catch (RpcErrorException e) {
      if (!e.mayBeThereAlready()) {
        throw e;
      }
      LOG.atDebug()
          .addKeyValue("tx", signed.hash())
          .addKeyValue("answer", e.getMessage())
          .log("the endpoint did not take a transaction");
    }
  }

  Optional<TransactionReceipt> receipt(TxHash hash) {
    return rpc.send(rpc.web3j().ethGetTransactionReceipt(hash.toString()))
        .getTransactionReceipt()
        .filter(r -> r.getBlockNumber() != null);
  }

  /** True when the endpoint has the transaction in its pool or on the chain. */
  boolean knows(TxHash hash) {
    return rpc.send(rpc.web3j().ethGetTransactionByHash(hash.toString()))
        .getTransaction()
        .isPresent();
  }
}
