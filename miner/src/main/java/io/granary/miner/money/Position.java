package io.granary.miner.money;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.TokenAmount;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A miner's money as of a block, counted from the market's first event on.
 *
 * @param block the block
 * @param accounts the miner's account and further ones that are counted
 * @param deals all deals of the miner, in the order of their publication
 */
public record Position(long block, Map<Address, AccountMoney> accounts, List<DealMoney> deals) {
  /** Makes the collections its own. */
  public Position {
    accounts = Map.copyOf(accounts);
    deals = List.copyOf(deals);
  }

  /** An account; one that is not counted has nothing. */
  public AccountMoney account(Address owner) {
    return accounts.getOrDefault(owner, AccountMoney.NONE);
  }

  /** What moved because of all deals. */
  public Flow flow() {
    return deals.stream().map(DealMoney::flow).reduce(Flow.NONE, Flow::plus);
  }

  /** A sum over all deals. */
  public TokenAmount sum(Function<DealMoney, TokenAmount> part) {
    return deals.stream().map(part).reduce(TokenAmount.ZERO, TokenAmount::plus);
  }

  /** Tips of all accounts that are counted. */
  public TokenAmount tips() {
    return accounts.values().stream()
        .map(AccountMoney::tips)
        .reduce(TokenAmount.ZERO, TokenAmount::plus);
  }
}
