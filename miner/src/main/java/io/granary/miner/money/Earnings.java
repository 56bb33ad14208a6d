package io.granary.miner.money;

import io.granary.protocol.chain.TxCost;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A miner's profit and loss in blocks {@code from … to}.
 *
 * @param miner the miner
 * @param from first block
 * @param to last block
 * @param start everything before the first block
 * @param end everything after the last block
 * @param costs what its operators' transactions of these blocks cost, by block
 * @param unknown for each operator how many of its transactions, of all blocks, nothing is known of
 * @param check whether the count agrees with the contract
 */
public record Earnings(
    Address miner,
    long from,
    long to,
    Position start,
    Position end,
    List<TxCost> costs,
    Map<Address, Long> unknown,
    Check check) {
  /**
   * How the count compares with what the contract says.
   *
   * @param block the block that was compared
   * @param steady false when the chain moved on during each try, so that nothing could be compared
   * @param differences what differs, with both values; empty when nothing does
   */
  public record Check(long block, boolean steady, List<String> differences) {
    /** True when everything was compared and is the same. */
    public boolean agrees() {
      return steady && differences.isEmpty();
    }
  }

  /**
   * Cost of transactions of one operation.
   *
   * @param transactions how many
   * @param reverted how many of them did nothing
   * @param gas their gas
   * @param fee their ether, wei
   */
  public record Spent(long transactions, long reverted, long gas, BigInteger fee) {
    private static final Spent NOTHING = new Spent(0, 0, 0, BigInteger.ZERO);

    private Spent plus(Spent o) {
      return new Spent(
          transactions + o.transactions, reverted + o.reverted, gas + o.gas, fee.add(o.fee));
    }
  }

  /** Makes the collections its own. */
  public Earnings {
    costs = List.copyOf(costs);
    unknown = Map.copyOf(unknown);
  }

  /** What moved because of deals. */
  public Flow flow() {
    return end.flow().since(start.flow());
  }

  /** Tips of the miner's and its operators' accounts. */
  public TokenAmount tips() {
    return end.tips().minus(start.tips());
  }

  /** Each deal of the miner, with what moved in these blocks, in the order of publication. */
  public List<DealMoney> deals() {
    Map<Object, Flow> before = new HashMap<>();
    start.deals().forEach(d -> before.put(d.id(), d.flow()));
    return end.deals().stream().map(d -> d.since(before.getOrDefault(d.id(), Flow.NONE))).toList();
  }

  /** Costs by operation. */
  public Map<String, Spent> byOperation() {
    Map<String, Spent> all = new TreeMap<>();
    for (TxCost c : costs) {
      all.merge(c.operation(), new Spent(1, c.succeeded() ? 0 : 1, c.gas(), c.fee()), Spent::plus);
    }
    return all;
  }

  /** Costs in all. */
  public Spent spent() {
    return byOperation().values().stream().reduce(Spent.NOTHING, Spent::plus);
  }

  /** Ether of answered demands, wei. */
  public BigInteger bonds() {
    return end.account(miner).bonds().subtract(start.account(miner).bonds());
  }

  /**
   * Profit less the costs of gas and with the bonds, units.
   *
   * @param weiPerToken what a token is worth
   */
  public BigInteger net(BigInteger weiPerToken) {
    BigInteger tokenUnits = BigInteger.TEN.pow(TokenAmount.DECIMALS);
    return profit().add(bonds().subtract(spent().fee()).multiply(tokenUnits).divide(weiPerToken));
  }

  /** Pay and tips less what was cut from the collateral, units. */
  public BigInteger profit() {
    Flow f = flow();
    return f.earned().plus(tips()).units().subtract(f.lost().units());
  }
}
