package io.granary.contracts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.granary.contracts.bindings.MinerRegistry;
import io.granary.proofs.Sha256;
import io.granary.protocol.chain.RenewalLimits;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.web3j.abi.EventEncoder;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.response.EthLog;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.http.HttpService;
import org.web3j.tx.ReadonlyTransactionManager;
import org.web3j.tx.gas.DefaultGasProvider;

/** What the registry stores follows from its logs alone (Protocol §9). */
class RegistryLogsTest {
  @TempDir Path dir;

  /** One miner as its events tell. */
  private static final class Told {
    String operator = "";
    boolean accepting;
    boolean exiting;
    BigInteger stake = BigInteger.ZERO;
    BigInteger price = BigInteger.ZERO;
    byte[] tls = new byte[0];
    String endpoint = "";
    BigInteger budget = BigInteger.ZERO;
    BigInteger blocks = BigInteger.ZERO;
    List<BigInteger> limits = List.of(BigInteger.ZERO, BigInteger.ZERO, BigInteger.ZERO);

    void apply(Log log) {
      String topic = log.getTopics().getFirst();
      if (topic.equals(EventEncoder.encode(MinerRegistry.MINERREGISTERED_EVENT))) {
        var e = MinerRegistry.getMinerRegisteredEventFromLog(log);
        operator = e.operator;
        accepting = true;
        stake = e.stake;
        endpoint = e.endpoint;
        tls = e.tlsKeyHash;
        price = e.pricePerLeafPeriod;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.MINERUPDATED_EVENT))) {
        var e = MinerRegistry.getMinerUpdatedEventFromLog(log);
        endpoint = e.endpoint;
        tls = e.tlsKeyHash;
        price = e.pricePerLeafPeriod;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.OPERATORCHANGED_EVENT))) {
        operator = MinerRegistry.getOperatorChangedEventFromLog(log).operator;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.ACCEPTINGCHANGED_EVENT))) {
        accepting = MinerRegistry.getAcceptingChangedEventFromLog(log).accepting;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.EXITANNOUNCED_EVENT))) {
        exiting = true;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.COLLATERALBUDGETSET_EVENT))) {
        var e = MinerRegistry.getCollateralBudgetSetEventFromLog(log);
        budget = e.amount;
        blocks = e.blocks;
      } else if (topic.equals(EventEncoder.encode(MinerRegistry.RENEWALLIMITSCHANGED_EVENT))) {
        var e = MinerRegistry.getRenewalLimitsChangedEventFromLog(log);
        limits = List.of(e.pricePerLeafPeriod, e.maxCollateralPerLeaf, e.maxPeriods);
      } else {
        throw new AssertionError("an event that nobody here knows: " + log);
      }
    }
  }

  @Test
  void everything_of_a_miner_follows_from_its_events() throws Exception {
    try (DevMarket m = new DevMarket(dir)) {
      var owner = m.owner.actions();
      owner
          .update(m.miner(), "b.example:1", Sha256.hash(new byte[] {3}), TokenAmount.of(77))
          .orThrow();
      owner.setOperator(EthKey.generate().address()).orThrow();
      owner.setCollateralBudget(TokenAmount.of(123_456), 789).orThrow();
      owner.setRenewalLimits(new RenewalLimits(TokenAmount.of(5), TokenAmount.of(6), 7)).orThrow();
      assertRebuilt(m);
      owner.setAccepting(false).orThrow();
      assertRebuilt(m);
      owner.announceExit().orThrow();
      Told last = assertRebuilt(m);
      assertEquals("b.example:1", last.endpoint);
      assertEquals(true, last.exiting);
    }
  }

  private static Told assertRebuilt(DevMarket m) throws Exception {
    Web3j web3j = Web3j.build(new HttpService(m.anvil.endpoint().toString()));
    String address = m.client.terms().registry().toString();
    Map<String, Told> rebuilt = new HashMap<>();
    for (EthLog.LogResult<?> result :
        web3j
            .ethGetLogs(
                new EthFilter(
                    DefaultBlockParameterName.EARLIEST, DefaultBlockParameterName.LATEST, address))
            .send()
            .getLogs()) {
      Log log = (Log) result.get();
      rebuilt
          .computeIfAbsent("0x" + log.getTopics().get(1).substring(26), k -> new Told())
          .apply(log);
    }
    MinerRegistry registry =
        MinerRegistry.load(
            address,
            web3j,
            new ReadonlyTransactionManager(web3j, m.miner().toString()),
            new DefaultGasProvider());
    assertEquals(BigInteger.valueOf(rebuilt.size()), registry.minerCount().send());
    for (Map.Entry<String, Told> entry : rebuilt.entrySet()) {
      Told told = entry.getValue();
      MinerRegistry.Miner actual = registry.miner(entry.getKey()).send();
      assertEquals(told.operator, actual.operator);
      assertEquals(told.accepting, actual.accepting);
      assertEquals(told.exiting, actual.exiting);
      assertEquals(told.stake, actual.stake);
      assertEquals(told.price, actual.pricePerLeafPeriod);
      assertArrayEquals(told.tls, actual.tlsKeyHash);
      assertEquals(told.endpoint, actual.endpoint);
      assertEquals(told.budget, actual.collateralBudget);
      assertEquals(told.blocks, actual.budgetBlocks);
      MinerRegistry.RenewalLimits limits = registry.renewalLimits(entry.getKey()).send();
      assertEquals(
          // A miner that is paused or leaves renews nothing.
          told.accepting && !told.exiting
              ? told.limits
              : List.of(BigInteger.ZERO, BigInteger.ZERO, BigInteger.ZERO),
          List.of(limits.pricePerLeafPeriod, limits.maxCollateralPerLeaf, limits.maxPeriods));
    }
    web3j.shutdown();
    return Objects.requireNonNull(rebuilt.get(m.miner().toString()));
  }
}
