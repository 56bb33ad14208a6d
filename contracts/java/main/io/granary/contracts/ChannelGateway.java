package io.granary.contracts;

import io.granary.contracts.bindings.DevToken;
import io.granary.contracts.bindings.PaymentChannels;
import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.contracts.tx.TransactionSender;
import io.granary.protocol.chain.ChannelReader;
import io.granary.protocol.chain.ChannelWriter;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.channel.ChannelState;
import io.granary.protocol.channel.SignedCloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.web3j.abi.EventEncoder;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.DefaultGasProvider;

/** The payment channels of one contract, read and written. Safe for several threads. */
public final class ChannelGateway implements ChannelReader, ChannelWriter {
  /** Names of the contract's VoucherSkip, in its order. */
  private static final List<String> SKIPS =
      List.of("", "NothingNew", "ChannelEmpty", "BadSignature");

  // Nobody else can hold back what the client sends itself.
  private static final BigInteger NO_DEADLINE = BigInteger.valueOf(Long.MAX_VALUE);

  private final ChainConfig config;
  private final Rpc rpc;
  private final Calls calls;
  private final ChannelDomain domain;
  private final PaymentChannels channels;
  private final Address tokenAddress;
  private final DevToken token;
  private final GranaryChain.@Nullable Signer signer;
  private final long challengeBlocks;

  private ChannelGateway(
      ChainConfig config,
      Rpc rpc,
      ChannelDomain domain,
      PaymentChannels channels,
      Address tokenAddress,
      DevToken token,
      GranaryChain.@Nullable Signer signer) {
    this.config = config;
    this.rpc = rpc;
    this.calls = new Calls(rpc);
    this.domain = domain;
    this.channels = channels;
    this.tokenAddress = tokenAddress;
    this.token = token;
    this.signer = signer;
    this.challengeBlocks = read(channels.challengeBlocks(), BigInteger.class).longValueExact();
  }

  static ChannelGateway connect(
      ChainConfig config,
      Rpc rpc,
      Address contract,
      long chainId,
      Address tokenAddress,
      DevToken token,
      GranaryChain.@Nullable Signer signer) {
    String code =
        rpc.send(rpc.web3j().ethGetCode(contract.toString(), DefaultBlockParameterName.LATEST))
            .getCode();
    if (code.length() <= 2) {
      throw new IllegalArgumentException(
          "no contract is at " + contract + " on chain " + chainId + ": check --channels");
    }
    PaymentChannels channels =
        PaymentChannels.load(
            contract.toString(),
            rpc.web3j(),
            new ReadonlyTransactionManager(rpc.web3j(), Address.ZERO.toString()),
            new DefaultGasProvider());
    Address own;
    try {
      own = Address.parse(new Calls(rpc).call(contract, channels.token(), String.class));
    } catch (RpcErrorException e) {
      throw new IllegalArgumentException(
          "the contract at " + contract + " is no payment channels: check --channels", e);
    }
    if (!own.equals(tokenAddress)) {
      throw new IllegalArgumentException(
          "the channels at "
              + contract
              + " pay with token "
              + own
              + ", the market with "
              + tokenAddress
              + ": check --channels");
    }
    return new ChannelGateway(
        config, rpc, new ChannelDomain(chainId, contract), channels, tokenAddress, token, signer);
  }

  private <T> T read(RemoteFunctionCall<?> call, Class<T> type) {
    return calls.call(domain.channels(), call, type);
  }

  private GranaryChain.Signer signer() {
    if (signer == null) {
      throw new IllegalStateException("this connection has no key to send transactions with");
    }
    return signer;
  }

  private TransactionSender.Outcome send(RemoteFunctionCall<?> call) {
    return signer()
        .sender()
        .send(TransactionSender.Call.to(domain.channels(), call.encodeFunctionCall()));
  }

  // ---------------------------------------------------------------- reading

  @Override
  public ChannelDomain domain() {
    return domain;
  }

  @Override
  public long challengeBlocks() {
    return challengeBlocks;
  }

  @Override
  public ChannelState channel(Address client, Address miner) {
    PaymentChannels.Channel c =
        read(channels.channel(client.toString(), miner.toString()), PaymentChannels.Channel.class);
    return new ChannelState(
        client,
        miner,
        new TokenAmount(c.left),
        new TokenAmount(c.redeemed),
        c.closableAt.signum() == 0
            ? Optional.empty()
            : Optional.of(new BlockNumber(c.closableAt.longValueExact())));
  }

  @Override
  public List<ChannelState> channelsFrom(Address client) {
    return known(List.of(LogPages.topic(client)));
  }

  @Override
  public List<ChannelState> channelsTo(Address miner) {
    return known(List.of("", LogPages.topic(miner)));
  }

  /**
   * A voucher that was redeemed.
   *
   * @param block in which it was
   * @param client who pays
   * @param paid what it paid
   */
  public record Redeemed(BlockNumber block, Address client, TokenAmount paid) {}

  /** What vouchers paid a miner in blocks {@code from … to}, in their order. */
  public List<Redeemed> redemptions(Address miner, BlockNumber from, BlockNumber to) {
    List<Redeemed> found = new ArrayList<>();
    new LogPages(rpc, domain.channels())
        .forEach(
            from.value(),
            to.value(),
            List.of(EventEncoder.encode(PaymentChannels.REDEEMED_EVENT), "", LogPages.topic(miner)),
            log -> {
              var e = PaymentChannels.getRedeemedEventFromLog(log);
              found.add(
                  new Redeemed(
                      new BlockNumber(log.getBlockNumber().longValueExact()),
                      Address.parse(e.client),
                      new TokenAmount(e.paid)));
            });
    return found;
  }

  private record Pair(Address client, Address miner) {}

  private List<ChannelState> known(List<String> parties) {
    List<String> topics = new ArrayList<>();
    topics.add(EventEncoder.encode(PaymentChannels.DEPOSITED_EVENT));
    topics.addAll(parties);
    long head = rpc.send(rpc.web3j().ethBlockNumber()).getBlockNumber().longValueExact();
    Set<Pair> pairs = new LinkedHashSet<>();
    new LogPages(rpc, domain.channels())
        .forEach(
            config.deployedAt(),
            head,
            topics,
            log -> {
              var e = PaymentChannels.getDepositedEventFromLog(log);
              pairs.add(new Pair(Address.parse(e.client), Address.parse(e.miner)));
            });
    return pairs.stream().map(p -> channel(p.client(), p.miner())).toList();
  }

  @Override
  public TokenAmount balance(Address account) {
    return new TokenAmount(read(channels.balanceOf(account.toString()), BigInteger.class));
  }

  @Override
  public long consentNonce(Address miner, Address client) {
    return nonce(miner, client).longValueExact();
  }

  private BigInteger nonce(Address signer, Address other) {
    return read(channels.nonce(signer.toString(), other.toString()), BigInteger.class);
  }

  @Override
  public List<String> refusals(List<SignedVoucher> vouchers) {
    // An array of integers is decoded by hand: offset, length, one word each.
    String words = calls.raw(domain.channels(), redemption(vouchers)).substring(2);
    List<String> refusals = new ArrayList<>();
    for (int i = 0; i < vouchers.size(); i++) {
      refusals.add(skip(new BigInteger(words.substring(64 * (i + 2), 64 * (i + 3)), 16)));
    }
    return refusals;
  }

  private static String skip(BigInteger reason) {
    int i = reason.intValueExact();
    return i < SKIPS.size() ? SKIPS.get(i) : "Unknown" + i;
  }

  // ---------------------------------------------------------------- writing

  @Override
  public TxResult deposit(Address miner, TokenAmount amount) {
    Address client = signer().key().address();
    Permits permit =
        Permits.sign(calls, tokenAddress, token, signer().key(), domain.channels(), amount);
    return send(channels.depositWithPermit(
            new PaymentChannels.Deposit(
                client.toString(),
                miner.toString(),
                amount.units(),
                nonce(client, miner),
                NO_DEADLINE),
            new byte[0],
            new PaymentChannels.Permit(permit.deadline(), permit.v(), permit.r(), permit.s())))
        .result();
  }

  private RemoteFunctionCall<?> redemption(List<SignedVoucher> vouchers) {
    return channels.redeem(
        vouchers.stream()
            .map(
                v ->
                    new PaymentChannels.SignedVoucher(
                        new PaymentChannels.Voucher(
                            v.voucher().client().toString(),
                            v.voucher().miner().toString(),
                            v.voucher().total().units()),
                        v.signature().bytes()))
            .toList());
  }

  @Override
  public Redemption redeem(List<SignedVoucher> vouchers) {
    TransactionSender.Outcome outcome = send(redemption(vouchers));
    TransactionSender.Mined mined = outcome.mined();
    if (mined == null) {
      return new Redemption(outcome.result(), List.of());
    }
    // Every voucher leaves one event, in the order of the batch.
    return new Redemption(
        mined.result(), mined.receipt().getLogs().stream().map(ChannelGateway::item).toList());
  }

  private static Redemption.Item item(Log log) {
    if (log.getTopics().getFirst().equals(EventEncoder.encode(PaymentChannels.REDEEMED_EVENT))) {
      return new Redemption.Item(
          new TokenAmount(PaymentChannels.getRedeemedEventFromLog(log).paid), "");
    }
    return new Redemption.Item(
        TokenAmount.ZERO, skip(PaymentChannels.getVoucherSkippedEventFromLog(log).reason));
  }

  @Override
  public TxResult requestClose(Address miner) {
    return send(channels.requestClose(miner.toString())).result();
  }

  @Override
  public TxResult close(Address client, Address miner) {
    return send(channels.close(client.toString(), miner.toString())).result();
  }

  @Override
  public TxResult closeWithConsent(SignedCloseConsent c) {
    return send(channels.closeWithConsent(
            new PaymentChannels.CloseConsent(
                c.consent().client().toString(),
                c.consent().miner().toString(),
                BigInteger.valueOf(c.consent().nonce()),
                BigInteger.valueOf(c.consent().executeBy().value())),
            c.signature().bytes()))
        .result();
  }

  @Override
  public TxResult withdraw() {
    return send(channels.withdraw(signer().key().address().toString())).result();
  }
}
