package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.contracts.deploy.MarketDeployer;
import io.granary.contracts.deploy.MarketParameters;
import io.granary.contracts.devnet.Anvil;
import io.granary.contracts.devnet.Faucet;
import io.granary.protocol.chain.ChannelWriter.Redemption;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.channel.ChannelState;
import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.SignedCloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.channel.Voucher;
import io.granary.protocol.crypto.ChannelDigests;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A payment channel from its opening to its close, through the ports, on a real chain. */
class ChannelLifeTest {
  @TempDir Path dir;
  DevMarket market;
  ChannelGateway client;
  ChannelGateway owner;
  ChannelGateway operator;
  Address clientId = Address.ZERO;
  Address miner = Address.ZERO;

  @BeforeEach
  void start() throws IOException {
    market = new DevMarket(dir);
    Address contract = market.deployment.channels().orElseThrow();
    client = market.client.channels(contract);
    owner = market.owner.channels(contract);
    operator = market.operator.channels(contract);
    clientId = market.clientKey.address();
    miner = market.miner();
  }

  @AfterEach
  void stop() throws IOException {
    market.close();
  }

  private static TokenAmount tokens(String text) {
    return TokenAmount.parseTokens(text);
  }

  private SignedVoucher voucher(EthKey key, String total) {
    return voucher(client.domain(), key, total);
  }

  private SignedVoucher voucher(ChannelDomain domain, EthKey key, String total) {
    Voucher v = new Voucher(key.address(), miner, tokens(total));
    return new SignedVoucher(v, key.sign(ChannelDigests.voucher(domain, v)));
  }

  private static String error(TxResult result) {
    return assertInstanceOf(TxResult.Refused.class, result).error();
  }

  private Address contract() {
    return client.domain().channels();
  }

  private TokenAmount wallet(Address account) {
    return market.client.queries().walletBalance(account);
  }

  private void isState(ChannelState state, String left, String redeemed) {
    assertEquals(tokens(left), state.left());
    assertEquals(tokens(redeemed), state.redeemed());
  }

  @Test
  void many_vouchers_are_redeemed_in_one_call_and_the_rest_returns_after_the_challenge_period() {
    EthKey second = EthKey.generate();
    try (Faucet faucet = new Faucet(market.anvil.endpoint(), market.deployment.token())) {
      faucet.give(second.address(), 10, tokens("10"));
    }
    assertEquals(MarketParameters.devnet().channelChallengeBlocks(), client.challengeBlocks());
    assertEquals(List.of(), client.channelsFrom(clientId));
    TokenAmount before = wallet(clientId);
    client.deposit(miner, tokens("4")).orThrow();
    client.deposit(miner, tokens("1")).orThrow();
    try (GranaryChain chain = market.connect(second)) {
      chain.channels(contract()).deposit(miner, tokens("2")).orThrow();
    }
    assertEquals(before.minus(tokens("5")), wallet(clientId));
    isState(client.channelsFrom(clientId).getFirst(), "5", "0");
    assertEquals(
        List.of(clientId, second.address()),
        owner.channelsTo(miner).stream().map(ChannelState::client).toList());

    List<SignedVoucher> batch =
        List.of(
            voucher(market.clientKey, "1.5"),
            voucher(second, "3"),
            voucher(new ChannelDomain(1, contract()), market.clientKey, "2"),
            voucher(market.clientKey, "1.25"),
            voucher(market.clientKey, "2.5"));
    assertEquals(
        List.of("", "", "BadSignature", "NothingNew", ""), operator.refusals(batch), "beforehand");
    Redemption redemption = operator.redeem(batch);
    redemption.tx().orThrow();
    assertEquals(
        List.of(
            new Redemption.Item(tokens("1.5"), ""),
            new Redemption.Item(tokens("2"), ""),
            new Redemption.Item(TokenAmount.ZERO, "BadSignature"),
            new Redemption.Item(TokenAmount.ZERO, "NothingNew"),
            new Redemption.Item(tokens("1"), "")),
        redemption.items());
    isState(client.channel(clientId, miner), "2.5", "2.5");
    assertEquals(tokens("4.5"), owner.balance(miner));
    // What the second's channel did not reach for is owed still, and paid once it does.
    assertEquals(List.of("ChannelEmpty"), operator.refusals(List.of(voucher(second, "3"))));

    assertEquals("NotClosing", error(client.close(clientId, miner)));
    client.requestClose(miner).orThrow();
    long closableAt = client.channel(clientId, miner).closableAt().orElseThrow().value();
    assertEquals(market.head() + client.challengeBlocks(), closableAt);
    TxResult.Refused early =
        assertInstanceOf(TxResult.Refused.class, client.close(clientId, miner));
    assertEquals("CloseNotDue", early.error());
    assertTrue(early.message().contains("closableAt " + closableAt), early.message());
    TxResult.Confirmed again =
        operator.redeem(List.of(voucher(market.clientKey, "3"))).tx().orThrow();
    // The miner's balance is not zero: what a voucher costs from the second on.
    assertTrue(again.gasUsed() <= 55_000, "gas " + again.gasUsed());
    market.anvil.mine((int) client.challengeBlocks());
    client.close(clientId, miner).orThrow();
    isState(client.channel(clientId, miner), "0", "3");
    client.withdraw().orThrow();
    assertEquals(before.minus(tokens("3")), wallet(clientId));
    TokenAmount owned = wallet(miner);
    owner.withdraw().orThrow();
    assertEquals(owned.plus(tokens("5")), wallet(miner));
    assertEquals(TokenAmount.ZERO, wallet(contract()));
    assertEquals("ZeroAmount", error(owner.withdraw()));

    // A new channel takes no old voucher.
    client.deposit(miner, tokens("1")).orThrow();
    assertEquals(List.of("NothingNew"), operator.refusals(List.of(voucher(market.clientKey, "3"))));
    // A deposit takes a request back.
    client.requestClose(miner).orThrow();
    client.deposit(miner, tokens("1")).orThrow();
    assertEquals(Optional.empty(), client.channel(clientId, miner).closableAt());
  }

  @Test
  void a_miner_that_agrees_ends_a_channel_at_once() {
    client.deposit(miner, tokens("5")).orThrow();
    CloseConsent consent =
        new CloseConsent(
            clientId,
            miner,
            owner.consentNonce(miner, clientId),
            new BlockNumber(market.head() + 50));
    SignedCloseConsent signed =
        new SignedCloseConsent(
            consent, market.ownerKey.sign(ChannelDigests.closeConsent(owner.domain(), consent)));
    SignedCloseConsent forged =
        new SignedCloseConsent(
            consent, market.clientKey.sign(ChannelDigests.closeConsent(owner.domain(), consent)));
    assertEquals("NotSigner", error(client.closeWithConsent(forged)));
    client.closeWithConsent(signed).orThrow();
    assertEquals(tokens("5"), client.balance(clientId));
    assertEquals("WrongNonce", error(client.closeWithConsent(signed)));
    assertEquals(1, owner.consentNonce(miner, clientId));
    client.deposit(miner, tokens("1")).orThrow();
    owner.close(clientId, miner).orThrow();
    assertEquals(tokens("6"), client.balance(clientId));
    assertEquals("ChannelEmpty", error(client.requestClose(miner)));
  }

  @Test
  void channels_of_another_token_or_none_are_named() {
    Address none = EthKey.generate().address();
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> market.client.channels(none))
            .getMessage()
            .contains(none.toString()));
    try (MarketDeployer deployer =
        new MarketDeployer(market.anvil.endpoint(), Anvil.richKey(), Duration.ofMillis(10))) {
      Address other =
          deployer
              .deploy(MarketParameters.devnet(), SeedKind.BLOCK_HASH, Optional.empty())
              .channels()
              .orElseThrow();
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> market.client.channels(other))
              .getMessage()
              .contains(market.deployment.token().toString()));
    }
  }
}
