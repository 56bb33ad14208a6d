package io.granary.contracts.tx;

import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.TransactionJournal;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.chain.Urgency;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import io.granary.protocol.values.TxHash;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/**
 * Sends the transactions of one key, from any number of threads: serialises nonces, asks the
 * contract first, raises the fee of one that waits too long, and answers when it is as deep as
 * configured. What it has begun is in a journal; a sender over the journal of one that was killed
 * takes up what that had begun. One key, one sender.
 */
public final class TransactionSender {
  private static final Logger LOG = LoggerFactory.getLogger(TransactionSender.class);
  // A node may count a transaction a moment before it has its receipt: only one that it has not
  // known for a while was really overtaken, and only then may the call be sent under another nonce.
  private static final int OVERTAKEN_POLLS = 10;

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

  /**
   * What to send.
   *
   * @param to the contract, or null to deploy
   * @param data calldata or init code in hex
   * @param wei ether that goes along
   * @param duty so many bytes at the front of the data say what is to be done, the rest how: a call
   *     with the same takes the place of one that was left; 0: of none
   */
  public record Call(@Nullable Address to, String data, BigInteger wei, int duty) {
    /** Without ether. */
    public static Call to(@Nullable Address to, String data) {
      return new Call(to, data, BigInteger.ZERO, 0);
    }

    static Call of(TransactionJournal.Entry entry) {
      return new Call(entry.to().orElse(null), Numeric.toHexString(entry.data()), entry.wei(), 0);
    }

    boolean replaces(TransactionJournal.Entry entry) {
      byte[] bytes = Numeric.hexStringToByteArray(data);
      return duty > 0
          && entry.to().equals(Optional.ofNullable(to))
          && entry.data().length >= duty
          && Arrays.equals(entry.data(), 0, duty, bytes, 0, duty)
          && !Arrays.equals(entry.data(), bytes);
    }

    boolean isOf(TransactionJournal.Entry entry) {
      return entry.to().equals(Optional.ofNullable(to))
          && entry.wei().equals(wei)
          && Arrays.equals(entry.data(), Numeric.hexStringToByteArray(data));
    }
  }

  private final KeyedRpc rpc;
  private final TransactionJournal journal;
  private final Patience patience;
  private final ReentrantLock finishing = new ReentrantLock();
  private final Lane lane;

  /** For one key that sends from this process only, for as long as it runs. */
  public TransactionSender(Rpc rpc, long chainId, EthKey key, Patience patience) {
    this(rpc, chainId, key, patience, new MemoryJournal());
  }

  /** For one key, whose journal tells what it had begun. */
  public TransactionSender(
      Rpc rpc, long chainId, EthKey key, Patience patience, TransactionJournal journal) {
    this.rpc = new KeyedRpc(rpc, chainId, key);
    this.journal = journal;
    this.patience = patience;
    this.lane = new Lane(this.rpc, journal);
  }

  /** The sending address. */
  public Address address() {
    return rpc.address();
  }

  /** Everything begun and not ended, lowest nonce first. */
  public List<TransactionJournal.Entry> underWay() {
    return journal.open();
  }

  /** Sends a call at any time, at the network's fees. */
  public Outcome send(Call call) {
    return send(call, Urgency.none());
  }

  /**
   * Sends a call. The same call that was begun before and that nobody waits for, by a process
   * before this one or by one that gave up, is taken up, not sent again: its outcome is this one's.
   *
   * @throws ChainUnavailableException when the endpoint is down, or the transaction was not mined
   *     in time; it may be mined still, and the next {@link #finish} or the same call takes it up
   */
  public Outcome send(Call call, Urgency urgency) {
    return send(call, urgency, () -> false);
  }

  /**
   * The same for a call that a reorg can spoil.
   *
   * @param outdated asked while it waits; once true, it is left to the next call that replaces it
   *     ({@link Call#duty}), and refused as {@link TxResult.Refused#OUTDATED}
   */
  public Outcome send(Call call, Urgency urgency, BooleanSupplier outdated) {
    Optional<InFlight> begun = takeUp(call);
    try {
      begun = begun.or(() -> replaceLeft(call, urgency));
      while (true) {
        InFlight mine;
        if (begun.isPresent()) {
          mine = begun.get();
        } else {
          BigInteger gas = rpc.estimate(call, DefaultBlockParameterName.PENDING);
          Fees network = rpc.networkFees();
          Fees first = Fees.first(network, urgency, gas);
          if (first.max().compareTo(network.base()) < 0) {
            return tooDear(first, network, gas);
          }
          mine = lane.begin(call, gas, network, urgency);
        }
        switch (untilMined(mine, outdated)) {
          case End.Outdated o -> {
            return outdated(mine);
          }
          case End.Mined mined when mine.isDoneBy(mined.receipt()) -> {
            return outcome(mined.receipt(), call);
          }
          case End.Mined other -> {}
          case End.Overtaken o -> {}
        }
        begun = Optional.empty();
        LOG.atWarn()
            .addKeyValue("from", address())
            .addKeyValue("nonce", mine.nonce())
            .log("another transaction took the nonce; sending again");
      }
    } catch (RpcErrorException e) {
      // An estimate does not ask what the sender can pay; the endpoint does when it is sent.
      return refused(e);
    }
  }

  /** How waiting for a transaction ends. */
  private sealed interface End {
    /** One of its nonce was mined and is deep enough; the nonce is ended. */
    record Mined(TransactionReceipt receipt) implements End {}

    /** Another transaction was mined with its nonce, which is ended. */
    record Overtaken() implements End {}

    /** What it was made from has changed; the nonce is left to the call that takes its place. */
    record Outdated() implements End {}
  }

  private End untilMined(InFlight mine, BooleanSupplier outdated) {
    Instant deadline = Instant.now().plus(patience.giveUpAfter());
    int overtaken = 0;
    try {
      lane.clearTheWayOf(mine);
      while (Instant.now().isBefore(deadline)) {
        Optional<TransactionReceipt> receipt = mine.receipt();
        if (receipt.isPresent()) {
          // The receipt may be of a branch that went before the head was read.
          if (depth(receipt.get()) >= patience.confirmations() && mine.isStill(receipt.get())) {
            lane.end(mine, Costs.of(receipt.get(), mine.nonce(), mine.entry().data()));
            return new End.Mined(receipt.get());
          }
        } else if (outdated.getAsBoolean()) {
          mine.keepFor(patience.resendAfter());
          return new End.Outdated();
        } else if (mine.isOvertaken()) {
          if (++overtaken >= OVERTAKEN_POLLS) {
            lane.end(mine);
            return new End.Overtaken();
          }
        } else if (mine.raiseWhenDue(patience.resendAfter())) {
          lane.clearTheWayOf(mine);
        }
        pause();
      }
      throw new ChainUnavailableException(
          "transaction "
              + mine.entry().signed().getLast().hash()
              + " with nonce "
              + mine.nonce()
              + " was not confirmed in "
              + patience.giveUpAfter().toSeconds()
              + " s and may still be mined; it is kept in mind. Check the endpoint, the network's fees and the limits on them",
          null);
    } finally {
      // Whoever gives up, or is interrupted, leaves it to the next who comes.
      lane.leave(mine);
    }
  }

  private static Outcome outdated(InFlight mine) {
    return new Outcome(
        null,
        new TxResult.Refused(
            TxResult.Refused.OUTDATED,
            "a reorg changed what the transaction with nonce "
                + mine.nonce()
                + " was made from: it is to be made anew, and takes its place"));
  }

  // ---------------------------------------------------------------- what was begun before

  /** The same call, begun before and not ended: it is taken up. */
  private Optional<InFlight> takeUp(Call call) {
    for (InFlight left : lane.left()) {
      if (call.isOf(left.entry()) && lane.claim(left)) {
        return look(left);
      }
    }
    return Optional.empty();
  }

  /**
   * What was left and does the same by other data, now with the data of this call; empty when there
   * is none, or when it is mined or pays too much already to be replaced within the limit.
   */
  private Optional<InFlight> replaceLeft(Call call, Urgency urgency) {
    for (InFlight left : lane.left()) {
      if (call.replaces(left.entry()) && lane.claim(left)) {
        boolean replaced = false;
        try {
          if (left.receipt().isEmpty() && !left.isUsed()) {
            BigInteger gas = rpc.estimate(call, DefaultBlockParameterName.PENDING);
            replaced = left.doInstead(Numeric.hexStringToByteArray(call.data()), gas, urgency);
          }
        } finally {
          if (!replaced) {
            lane.leave(left);
          }
        }
        if (replaced) {
          return Optional.of(left);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Brings to an end what was begun before and nobody waits for, lowest nonce first: what is still
   * wanted is mined, what the contract would refuse by now is cancelled when an endpoint still has
   * it, else forgotten. Returns at once when there is nothing.
   *
   * @throws ChainUnavailableException when that takes too long; the next call goes on
   */
  public void finish() {
    if (lane.left().isEmpty()) {
      return;
    }
    finishing.lock();
    try {
      // Those that come meanwhile are left to the next round.
      for (InFlight left : lane.left()) {
        if (!left.isKept() && lane.claim(left)) {
          look(left).ifPresent(waits -> untilMined(waits, () -> false));
        }
      }
    } finally {
      finishing.unlock();
    }
  }

  /** What was left and is claimed, to be waited for; empty when it has ended. */
  private Optional<InFlight> look(InFlight left) {
    boolean waits = false;
    try {
      // Whether its nonce was taken by another is found out while waiting.
      if (left.receipt().isEmpty() && !left.isUsed()) {
        boolean wanted = isWanted(left.entry());
        boolean known = left.isKnown();
        LOG.atInfo()
            .addKeyValue("nonce", left.nonce())
            .addKeyValue("wanted", wanted)
            .addKeyValue("known", known)
            .log("a transaction that was begun before");
        if (!wanted && !known && lane.isLast(left)) {
          lane.end(left);
          return Optional.empty();
        }
        if (wanted) {
          left.sendAgain();
        } else {
          left.cancel();
        }
      }
      waits = true;
      return Optional.of(left);
    } finally {
      if (!waits) {
        lane.leave(left);
      }
    }
  }

  private boolean isWanted(TransactionJournal.Entry entry) {
    try {
      rpc.estimate(Call.of(entry), DefaultBlockParameterName.LATEST);
      return true;
    } catch (RpcErrorException e) {
      if (e.isRevert() || e.revertData().isPresent()) {
        return false;
      }
      throw new ChainUnavailableException(
          "the endpoint does not say whether a transaction that was begun before is still wanted: "
              + e.getMessage(),
          e);
    }
  }

  // ---------------------------------------------------------------- outcomes

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

  private static Outcome tooDear(Fees limit, Fees network, BigInteger gas) {
    return new Outcome(
        null,
        new TxResult.Refused(
            "TooDear",
            "the network asks "
                + network.base()
                + " wei for a unit of gas, and the limit allows "
                + limit.max()
                + " for "
                + gas
                + " units: it is tried again at each block; raise the limit (maxFeeWei, weiPerToken in miner.json) if it is worth more"));
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
      rpc.tryOut(call, receipt.getBlockNumber());
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

  private long depth(TransactionReceipt receipt) {
    return rpc.head() - receipt.getBlockNumber().longValueExact();
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
