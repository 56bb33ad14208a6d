package io.granary.app.cli;

import io.granary.miner.money.AccountMoney;
import io.granary.miner.money.DealMoney;
import io.granary.miner.money.Earnings;
import io.granary.miner.money.Flow;
import io.granary.miner.money.Position;
import io.granary.protocol.values.TokenAmount;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A miner's profit and loss, for people and as JSON. */
final class EarningsReport {
  private EarningsReport() {}

  /** Units as tokens, with a sign. */
  private static String signed(BigInteger units) {
    return new BigDecimal(units, TokenAmount.DECIMALS).stripTrailingZeros().toPlainString();
  }

  private static String ether(BigInteger wei) {
    return new BigDecimal(wei, 18).stripTrailingZeros().toPlainString();
  }

  // ---------------------------------------------------------------- JSON

  static Map<String, Object> json(
      Earnings e, Optional<TokenAmount> redeemed, Optional<BigInteger> weiPerToken) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("ok", e.check().agrees());
    v.put("miner", e.miner().toString());
    v.put("fromBlock", e.from());
    v.put("toBlock", e.to());
    v.put("total", total(e));
    v.put("profit", signed(e.profit()));
    v.put("net", weiPerToken.map(w -> signed(e.net(w))).orElse(null));
    v.put("redeemedVouchers", redeemed.map(TokenAmount::toTokens).orElse(null));
    v.put("start", account(e.start(), e));
    v.put("end", account(e.end(), e));
    v.put("bondsWei", e.bonds().toString());
    v.put("gas", gas(e));
    v.put("deals", e.deals().stream().map(EarningsReport::deal).toList());
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("agrees", e.check().agrees());
    check.put("block", e.check().block());
    check.put("steady", e.check().steady());
    check.put("differences", e.check().differences());
    v.put("check", check);
    return v;
  }

  private static Map<String, Object> total(Earnings e) {
    Map<String, Object> v = flow(e.flow());
    v.put("tips", e.tips().toTokens());
    v.put("unsettled", e.end().sum(DealMoney::unsettled).toTokens());
    v.put("ahead", e.end().sum(DealMoney::ahead).toTokens());
    v.put("atRisk", e.end().sum(DealMoney::atRisk).toTokens());
    v.put("inHold", e.end().sum(DealMoney::inHold).toTokens());
    return v;
  }

  private static Map<String, Object> flow(Flow f) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("earned", f.earned().toTokens());
    v.put("marketShare", f.marketShare().toTokens());
    v.put("unpaid", f.unpaid().toTokens());
    v.put("slashed", f.slashed().toTokens());
    v.put("faultFees", f.faultFees().toTokens());
    v.put("forfeited", f.forfeited().toTokens());
    v.put("locked", f.locked().toTokens());
    v.put("returned", f.returned().toTokens());
    return v;
  }

  private static Map<String, Object> account(Position p, Earnings e) {
    AccountMoney a = p.account(e.miner());
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("block", p.block());
    v.put("balance", a.balance().toTokens());
    v.put("collateral", p.sum(DealMoney::locked).toTokens());
    v.put("deposited", a.deposited().toTokens());
    v.put("withdrawn", a.withdrawn().toTokens());
    v.put("asClient", signed(a.asClient()));
    v.put("etherWei", a.ether().toString());
    return v;
  }

  private static Map<String, Object> gas(Earnings e) {
    Map<String, Object> operations = new LinkedHashMap<>();
    e.byOperation().forEach((name, spent) -> operations.put(name, spent(spent)));
    Map<String, Object> unknown = new LinkedHashMap<>();
    e.unknown().forEach((operator, n) -> unknown.put(operator.toString(), n));
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("operations", operations);
    v.put("total", spent(e.spent()));
    v.put("unknownTransactions", unknown);
    return v;
  }

  private static Map<String, Object> spent(Earnings.Spent s) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("transactions", s.transactions());
    v.put("reverted", s.reverted());
    v.put("gas", s.gas());
    v.put("feeWei", s.fee().toString());
    return v;
  }

  private static Map<String, Object> deal(DealMoney d) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("id", d.id().toString());
    v.put("client", d.client().toString());
    v.put("state", d.state().name().toLowerCase(Locale.ROOT));
    v.putAll(flow(d.flow()));
    v.put("unsettled", d.unsettled().toTokens());
    v.put("ahead", d.ahead().toTokens());
    v.put("atRisk", d.atRisk().toTokens());
    v.put("inHold", d.inHold().toTokens());
    return v;
  }

  // ---------------------------------------------------------------- text

  static void print(
      PrintWriter out,
      Earnings e,
      Optional<TokenAmount> redeemed,
      Optional<BigInteger> weiPerToken) {
    out.println("miner " + e.miner() + ", blocks " + e.from() + " to " + e.to() + ", in tokens");
    Out.table(out, sums(e, redeemed, weiPerToken));
    out.println();
    if (!e.deals().isEmpty()) {
      Out.table(out, deals(e));
      out.println();
    }
    Out.table(out, costs(e));
    e.unknown()
        .forEach(
            (operator, n) ->
                out.println(
                    n
                        + " transactions of "
                        + operator
                        + " are not in these costs: sent from elsewhere, or before this node kept a journal"));
    check(out, e.check());
  }

  private static List<List<String>> sums(
      Earnings e, Optional<TokenAmount> redeemed, Optional<BigInteger> weiPerToken) {
    Flow f = e.flow();
    AccountMoney before = e.start().account(e.miner());
    AccountMoney after = e.end().account(e.miner());
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("EARNED", f.earned().toTokens(), "pay of proved periods that are settled"));
    rows.add(List.of("tips", e.tips().toTokens(), "for ending deals and executing mandates"));
    rows.add(List.of("slashed", "-" + f.slashed().toTokens(), "missed periods"));
    rows.add(List.of("fault fees", "-" + f.faultFees().toTokens(), "periods of declared faults"));
    rows.add(
        List.of(
            "forfeited",
            "-" + f.forfeited().toTokens(),
            "deals terminated, or not activated in time"));
    rows.add(List.of("PROFIT", signed(e.profit()), "before gas and costs of disks"));
    weiPerToken.ifPresent(
        w -> rows.add(List.of("net", signed(e.net(w)), "with bonds, less gas, at weiPerToken")));
    rows.add(
        List.of(
            "unpaid", f.unpaid().toTokens(), "missed and excused periods; back at the clients"));
    rows.add(List.of("market's share", f.marketShare().toTokens(), "burned of the pay"));
    redeemed.ifPresent(
        r -> rows.add(List.of("vouchers", r.toTokens(), "redeemed, in the payment channels")));
    rows.add(
        List.of(
            "UNSETTLED",
            e.end().sum(DealMoney::unsettled).toTokens(),
            "proved, comes with the next settlement"));
    rows.add(
        List.of(
            "ahead",
            e.end().sum(DealMoney::ahead).toTokens(),
            "of live deals, if every period is proved"));
    rows.add(
        List.of("BALANCE", before.balance().toTokens(), "before block " + e.from() + ", unlocked"));
    rows.add(
        List.of(
            "deposited", after.deposited().minus(before.deposited()).toTokens(), "from wallets"));
    rows.add(
        List.of(
            "withdrawn",
            "-" + after.withdrawn().minus(before.withdrawn()).toTokens(),
            "to the owner's wallet"));
    rows.add(List.of("locked", "-" + f.locked().toTokens(), "as collateral of deals"));
    rows.add(List.of("returned", f.returned().toTokens(), "of collateral"));
    rows.add(List.of("balance", after.balance().toTokens(), "after block " + e.to()));
    rows.add(
        List.of(
            "COLLATERAL",
            e.end().sum(DealMoney::locked).toTokens(),
            "locked; "
                + e.end().sum(DealMoney::atRisk).toTokens()
                + " at risk, "
                + e.end().sum(DealMoney::inHold).toTokens()
                + " in hold"));
    rows.add(List.of("bonds", ether(e.bonds()), "ether, of demands answered"));
    return rows;
  }

  private static List<List<String>> deals(Earnings e) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("DEAL", "STATE", "EARNED", "UNSETTLED", "AHEAD", "CUT", "AT RISK", "IN HOLD"));
    for (DealMoney d : e.deals()) {
      rows.add(
          List.of(
              Out.shorten(d.id().toString()),
              d.state().name().toLowerCase(Locale.ROOT),
              d.flow().earned().toTokens(),
              d.unsettled().toTokens(),
              d.ahead().toTokens(),
              d.flow().lost().toTokens(),
              d.atRisk().toTokens(),
              d.inHold().toTokens()));
    }
    return rows;
  }

  private static List<List<String>> costs(Earnings e) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("OPERATION", "TRANSACTIONS", "REVERTED", "GAS", "WEI"));
    Map<String, Earnings.Spent> all = new LinkedHashMap<>(e.byOperation());
    all.put("all", e.spent());
    all.forEach(
        (name, s) ->
            rows.add(
                List.of(
                    name,
                    Long.toString(s.transactions()),
                    Long.toString(s.reverted()),
                    Long.toString(s.gas()),
                    s.fee().toString())));
    return rows;
  }

  private static void check(PrintWriter out, Earnings.Check c) {
    if (c.agrees()) {
      out.println("✓ balances, ether and collateral are the contract's, in block " + c.block());
    } else if (c.differences().isEmpty()) {
      out.println(
          "? not compared with the contract: each time the chain had moved on; run it again");
    } else {
      out.println("✗ the contract says something else in block " + c.block() + ":");
      c.differences().forEach(d -> out.println("  " + d));
      out.println("  run it again; when it stays, the endpoint does not tell all events");
    }
  }
}
