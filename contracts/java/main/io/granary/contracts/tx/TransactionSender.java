package io.granary.contracts.tx;

import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.crypto.Credentials;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.TransactionEncoder;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.methods.request.Transaction;
import org.web3j.protocol.core.methods.response.EthBlock;
import org.web3j.protocol.core.methods.response.EthEstimateGas;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/**
 * Sends the transactions of one key, from any number of threads: serialises nonces, asks the
 * contract first, raises the fee of one that waits too long, and answers when it is as deep as
 * configured. One key, one sender.
 */
public final class TransactionSender {
  private static final Logger LOG = LoggerFactory.getLogger(TransactionSender.class);
  // Nodes refuse a replacement below +10 %; 25 % leaves room for a base fee that rises meanwhile.
  private static final BigInteger BUMP_NUMERATOR = BigInteger.valueOf(5);
  private static final BigInteger BUMP_DENOMINATOR = BigInteger.valueOf(4);
  private static final int OVERTAKEN_POLLS = 10;
  private static final BigInteger DEFAULT_TIP = BigInteger.valueOf(1_000_000_000L);

  /** How long to wait for what. */
  public record Patience(
      int confirmations, Duration poll, Duration resendAfter, Duration giveUpAfter) {}

  /** A mined transaction. */
  public record Mined(TxResult.Confirmed result, TransactionReceipt receipt) {}

  /** A refusal, or a mined transaction. */
  public record Outcome(@Nullable Mined mined, TxResult.@Nullable Refused refused) {
    /** Either as the port's result. */
    public TxResult result() {
      if (mined != null) {
        return mined.result();
      }
      return java.util.Objects.requireNonNull(refused);
    }
  }

  private final Rpc rpc;
  private final long chainId;
  private final EthKey key;
  private final Credentials credentials;
  private final Patience patience;
  private final ReentrantLock submitting = new ReentrantLock();
  private BigInteger nextNonce = BigInteger.ZERO;
  private int inFlight;

  /** For one key. */
  public TransactionSender(Rpc rpc, long chainId, EthKey key, Patience patience) {
    this.rpc = rpc;
    this.chainId = chainId;
    this.key = key;
    this.credentials = Credentials.create(Numeric.toHexStringNoPrefix(key.secretBytes()));
    this.patience = patience;
  }

  /** The sending address. */
  public Address address() {
    return key.address();
  }

  private record Fees(BigInteger tip, BigInteger max) {
    Fees raised() {
      return new Fees(raise(tip), raise(max));
    }

    private static BigInteger raise(BigInteger fee) {
      return fee.multiply(BUMP_NUMERATOR).divide(BUMP_DENOMINATOR).add(BigInteger.ONE);
    }
  }

  /**
   * What to send.
   *
   * @param to the contract, or null to deploy
   * @param data calldata or init code in hex
   * @param wei ether that goes along
   */
  public record Call(@Nullable Address to, String data, BigInteger wei) {
    /** Without ether. */
    public static Call to(@Nullable Address to, String data) {
      return new Call(to, data, BigInteger.ZERO);
    }

    private Transaction asked(Address from) {
      return new Transaction(
          from.toString(), null, null, null, to == null ? null : to.toString(), wei, data);
    }
  }

  /**
   * Sends a call.
   *
   * @throws ChainUnavailableException when the endpoint is down, or the transaction was not mined
   *     in time
   */
  public Outcome send(Call call) {
    BigInteger gas;
    try {
      gas = estimate(call);
    } catch (RpcErrorException e) {
      return refused(e);
    }
    Instant deadline = Instant.now().plus(patience.giveUpAfter());
    while (true) {
      Pending pending;
      try {
        pending = new Pending(call, gas);
      } catch (RpcErrorException e) {
        // An estimate does not ask what the sender can pay; the endpoint does when it is sent.
        return refused(e);
      }
      Optional<TransactionReceipt> receipt;
      try {
        receipt = pending.untilMined(deadline);
      } finally {
        ended();
      }
      if (receipt.isPresent()) {
        return outcome(receipt.get(), call);
      }
      LOG.atWarn()
          .addKeyValue("from", address())
          .addKeyValue("nonce", pending.nonce)
          .log("another transaction took the nonce; sending again");
    }
  }

  private BigInteger estimate(Call call) {
    Request<?, EthEstimateGas> request =
        new Request<>(
            "eth_estimateGas",
            List.of(call.asked(address()), "pending"),
            rpc.service(),
            EthEstimateGas.class);
    BigInteger estimate = rpc.send(request).getAmountUsed();
    // State can change before the transaction is mined; unused gas costs nothing.
    return estimate
        .multiply(BigInteger.valueOf(13))
        .divide(BigInteger.TEN)
        .add(BigInteger.valueOf(20_000));
  }

  private Outcome refused(RpcErrorException e) {
    if (e.isRevert() || e.revertData().isPresent()) {
      return new Outcome(
          null, ContractErrors.decode(e.revertData().orElse(""), String.valueOf(e.getMessage())));
    }
    String message = String.valueOf(e.getMessage());
    if (message.toLowerCase(Locale.ROOT).contains("insufficient funds")) {
      return new Outcome(
          null,
          new TxResult.Refused(
              "InsufficientFunds",
              address() + " has too little ether for gas: send it some (" + message + ")"));
    }
    throw e;
  }

  private Outcome outcome(TransactionReceipt receipt, Call call) {
    BlockRef block =
        new BlockRef(
            new BlockNumber(receipt.getBlockNumber().longValueExact()),
            Hash32.fromHex(receipt.getBlockHash()));
    TxHash hash = TxHash.parse(receipt.getTransactionHash());
    if (receipt.isStatusOK()) {
      BigInteger price = Numeric.decodeQuantity(receipt.getEffectiveGasPrice());
      long gas = receipt.getGasUsed().longValueExact();
      return new Outcome(
          new Mined(
              new TxResult.Confirmed(hash, block, gas, price.multiply(BigInteger.valueOf(gas))),
              receipt),
          null);
    }
    // It reverted although the estimate went through: ask again for the reason.
    try {
      rpc.send(
          rpc.web3j()
              .ethCall(
                  call.asked(address()),
                  org.web3j.protocol.core.DefaultBlockParameter.valueOf(receipt.getBlockNumber())));
    } catch (RpcErrorException e) {
      return refused(e);
    }
    return new Outcome(
        null,
        new TxResult.Refused(
            "Reverted",
            "transaction "
                + hash
                + " reverted in block "
                + block.number()
                + "; what it needed had changed meanwhile: look at the state and try again"));
  }

  /** One nonce and the transactions sent under it. */
  private final class Pending {
    private final Call call;
    private final BigInteger gas;
    private final List<String> hashes = new ArrayList<>();
    private Fees fees;
    private BigInteger nonce = BigInteger.ZERO;

    Pending(Call call, BigInteger gas) {
      this.call = call;
      this.gas = gas;
      this.fees = currentFees();
      submitting.lock();
      try {
        BigInteger chain =
            rpc.send(
                    rpc.web3j()
                        .ethGetTransactionCount(
                            address().toString(), DefaultBlockParameterName.PENDING))
                .getTransactionCount();
        // With nothing of ours under way the chain knows best: after a reorg its count may be lower
        // than ours.
        nonce = inFlight == 0 ? chain : chain.max(nextNonce);
        submit();
        nextNonce = nonce.add(BigInteger.ONE);
        inFlight++;
      } finally {
        submitting.unlock();
      }
    }

    private void submit() {
      RawTransaction raw =
          RawTransaction.createTransaction(
              chainId,
              nonce,
              gas,
              call.to() == null ? "" : call.to().toString(),
              call.wei(),
              call.data(),
              fees.tip(),
              fees.max());
      byte[] signed = TransactionEncoder.signMessage(raw, chainId, credentials);
      String hex = Numeric.toHexString(signed);
      String hash = "0x" + io.granary.protocol.crypto.Keccak.hash(signed).toHex();
      try {
        rpc.send(rpc.web3j().ethSendRawTransaction(hex));
      } catch (RpcErrorException e) {
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        boolean mayBeMined =
            message.contains("nonce too low")
                || message.contains("already known")
                || message.contains("already imported")
                || message.contains("underpriced");
        if (!mayBeMined) {
          throw e;
        }
        LOG.atDebug()
            .addKeyValue("nonce", nonce)
            .addKeyValue("answer", message)
            .log("the endpoint did not take a transaction");
      }
      hashes.add(hash);
    }

    /** The receipt once deep enough; empty when another transaction was mined with this nonce. */
    Optional<TransactionReceipt> untilMined(Instant deadline) {
      Instant resendAt = Instant.now().plus(patience.resendAfter());
      int unknown = 0;
      while (Instant.now().isBefore(deadline)) {
        Optional<TransactionReceipt> receipt = findReceipt();
        if (receipt.isPresent()) {
          if (depth(receipt.get()) >= patience.confirmations()) {
            return receipt;
          }
        } else if (nonceUsed() && isForgotten()) {
          // A node may count a transaction a moment before it has its receipt: only one that it has
          // not known for a
          // while was really overtaken, and only then may the call be sent under another nonce.
          if (++unknown >= OVERTAKEN_POLLS) {
            forgetNonces();
            return Optional.empty();
          }
        } else if (Instant.now().isAfter(resendAt)) {
          fees = fees.raised();
          LOG.atWarn()
              .addKeyValue("nonce", nonce)
              .addKeyValue("maxFeeWei", fees.max())
              .log("a transaction waits; sending it again with a higher fee");
          submit();
          resendAt = Instant.now().plus(patience.resendAfter());
        }
        pause();
      }
      forgetNonces();
      throw new ChainUnavailableException(
          "transaction "
              + hashes.getLast()
              + " with nonce "
              + nonce
              + " was not confirmed in "
              + patience.giveUpAfter().toSeconds()
              + " s and may still be mined: look it up before trying again, and check the endpoint and the network's fees",
          null);
    }

    private Optional<TransactionReceipt> findReceipt() {
      for (String hash : hashes) {
        Optional<TransactionReceipt> receipt =
            rpc.send(rpc.web3j().ethGetTransactionReceipt(hash)).getTransactionReceipt();
        if (receipt.isPresent() && receipt.get().getBlockNumber() != null) {
          return receipt;
        }
      }
      return Optional.empty();
    }

    /** True when the node knows none of the transactions sent under this nonce. */
    private boolean isForgotten() {
      for (String hash : hashes) {
        if (rpc.send(rpc.web3j().ethGetTransactionByHash(hash)).getTransaction().isPresent()) {
          return false;
        }
      }
      return findReceipt().isEmpty();
    }

    private boolean nonceUsed() {
      return rpc.send(
                  rpc.web3j()
                      .ethGetTransactionCount(
                          address().toString(), DefaultBlockParameterName.LATEST))
              .getTransactionCount()
              .compareTo(nonce)
          > 0;
    }
  }

  private void ended() {
    submitting.lock();
    try {
      inFlight--;
    } finally {
      submitting.unlock();
    }
  }

  private void forgetNonces() {
    submitting.lock();
    try {
      nextNonce = BigInteger.ZERO;
    } finally {
      submitting.unlock();
    }
  }

  private long depth(TransactionReceipt receipt) {
    return rpc.send(rpc.web3j().ethBlockNumber())
        .getBlockNumber()
        .subtract(receipt.getBlockNumber())
        .longValueExact();
  }

  private Fees currentFees() {
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

  private void pause() {
    try {
      Thread.sleep(patience.poll());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ChainUnavailableException(
          "interrupted while waiting for a transaction of " + address(), e);
    }
  }
}
