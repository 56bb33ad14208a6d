package io.granary.app.cli;

import io.granary.contracts.GranaryChain;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * An order that its account has signed for others to send (Protocol §3.7, §3.10), as one word to
 * hand on: what it is, then its fields with colons between them, amounts in units, the signature in
 * hexadecimal digits.
 */
sealed interface OrderWord {
  /** The account's signature. */
  Signature signature();

  /** Everything but the signature. */
  List<String> fields();

  /** Sends it, for whoever signed it. */
  TxResult send(GranaryChain chain);

  /** What it does, for people. */
  String inWords();

  /** The word. */
  default String print() {
    return String.join(":", fields()) + ":" + signature();
  }

  /** A withdrawal is announced. */
  record Request(Order.WithdrawalRequest order, Signature signature) implements OrderWord {
    @Override
    public List<String> fields() {
      return List.of(
          "request",
          order.account().toString(),
          order.amount().units().toString(),
          Long.toString(order.nonce()),
          order.executeBy().toString());
    }

    @Override
    public TxResult send(GranaryChain chain) {
      return chain.actions().requestWithdrawal(order, signature);
    }

    @Override
    public String inWords() {
      return "announces a withdrawal of " + order.amount() + " tokens of " + order.account();
    }
  }

  /** What was announced is paid out. */
  record Payout(Order.WithdrawalPayout order, Signature signature) implements OrderWord {
    @Override
    public List<String> fields() {
      return List.of(
          "payout",
          order.account().toString(),
          order.to().toString(),
          order.least().units().toString(),
          Long.toString(order.nonce()),
          order.executeBy().toString());
    }

    @Override
    public TxResult send(GranaryChain chain) {
      return chain.actions().withdraw(order, signature);
    }

    @Override
    public String inWords() {
      return "pays what " + order.account() + " has announced to " + order.to();
    }
  }

  /** A proposal is taken back. */
  record Cancel(DealProposal proposal, BlockNumber executeBy, Signature signature)
      implements OrderWord {
    @Override
    public List<String> fields() {
      return List.of(
          "cancel",
          proposal.client().toString(),
          proposal.miner().toString(),
          proposal.auditor().toString(),
          proposal.pieceRoot().toString(),
          Long.toString(proposal.size().bytes()),
          Integer.toString(proposal.sealProfile()),
          Long.toString(proposal.periods()),
          proposal.price().units().toString(),
          proposal.collateral().units().toString(),
          proposal.publishBy().toString(),
          proposal.activateBy().toString(),
          proposal.replaces().toString(),
          proposal.salt().toString(),
          executeBy.toString());
    }

    @Override
    public TxResult send(GranaryChain chain) {
      return chain.actions().cancel(proposal, executeBy, signature);
    }

    @Override
    public String inWords() {
      return "takes back a proposal of " + proposal.client() + " to " + proposal.miner();
    }
  }

  /** A mandate is taken back. */
  record Revoke(Mandate mandate, BlockNumber executeBy, Signature signature) implements OrderWord {
    @Override
    public List<String> fields() {
      List<String> fields = new java.util.ArrayList<>(List.of("revoke"));
      fields.addAll(MandateWord.fields(mandate));
      fields.add(executeBy.toString());
      return fields;
    }

    @Override
    public TxResult send(GranaryChain chain) {
      return chain.actions().revoke(mandate, executeBy, signature);
    }

    @Override
    public String inWords() {
      return "takes back a mandate for deal " + mandate.dealId();
    }
  }

  /** Notice of a deal is given. */
  record Notice(EarlyEnd end, Signature signature) implements OrderWord {
    @Override
    public List<String> fields() {
      return List.of("notice", end.dealId().toString(), end.executeBy().toString());
    }

    @Override
    public TxResult send(GranaryChain chain) {
      return chain.actions().endEarly(new SignedEarlyEnd(end, signature));
    }

    @Override
    public String inWords() {
      return "gives notice of deal " + end.dealId();
    }
  }

  /** Signs a withdrawal's announcement. */
  static OrderWord sign(SigningDomain domain, EthKey key, Order.WithdrawalRequest order) {
    return new Request(order, key.sign(Eip712.order(domain, order)));
  }

  /** Signs a payout. */
  static OrderWord sign(SigningDomain domain, EthKey key, Order.WithdrawalPayout order) {
    return new Payout(order, key.sign(Eip712.order(domain, order)));
  }

  /** Signs the cancellation of a proposal. */
  static OrderWord sign(SigningDomain domain, EthKey key, DealProposal p, BlockNumber executeBy) {
    return new Cancel(
        p,
        executeBy,
        key.sign(
            Eip712.order(domain, new Order.Cancellation(Eip712.dealId(domain, p), executeBy))));
  }

  /** Signs the revocation of a mandate. */
  static OrderWord sign(SigningDomain domain, EthKey key, Mandate m, BlockNumber executeBy) {
    return new Revoke(
        m,
        executeBy,
        key.sign(Eip712.order(domain, new Order.Revocation(Eip712.mandate(domain, m), executeBy))));
  }

  /** Signs a notice. */
  static OrderWord sign(SigningDomain domain, EthKey key, EarlyEnd notice) {
    return new Notice(notice, key.sign(Eip712.earlyEnd(domain, notice)));
  }

  /**
   * Reads what {@link #print} wrote.
   *
   * @throws IllegalArgumentException for anything else
   */
  static OrderWord parse(String text) {
    try {
      String[] p = text.split(":", -1);
      Signature signature = signature(p[p.length - 1]);
      return switch (p[0] + " " + p.length) {
        case "request 6" ->
            new Request(
                new Order.WithdrawalRequest(
                    Address.parse(p[1]), amount(p[2]), Long.parseLong(p[3]), block(p[4])),
                signature);
        case "payout 7" ->
            new Payout(
                new Order.WithdrawalPayout(
                    Address.parse(p[1]),
                    Address.parse(p[2]),
                    amount(p[3]),
                    Long.parseLong(p[4]),
                    block(p[5])),
                signature);
        case "cancel 16" -> new Cancel(proposal(p), block(p[14]), signature);
        case "revoke 11" ->
            new Revoke(MandateWord.mandate(Arrays.copyOfRange(p, 1, 9)), block(p[9]), signature);
        case "notice 4" ->
            new Notice(new EarlyEnd(DealCommand.parse(p[1]), false, block(p[2])), signature);
        default -> throw new IllegalArgumentException("there is no order with such parts");
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not an order: '" + text + "'; 'granary order --help' names the commands that print one",
          e);
    }
  }

  private static DealProposal proposal(String[] p) {
    return new DealProposal(
        Address.parse(p[1]),
        Address.parse(p[2]),
        Address.parse(p[3]),
        Hash32.fromHex(p[4]),
        new RawSize(Long.parseLong(p[5])),
        Integer.parseInt(p[6]),
        Long.parseLong(p[7]),
        amount(p[8]),
        amount(p[9]),
        block(p[10]),
        block(p[11]),
        Hash32.fromHex(p[12]),
        Hash32.fromHex(p[13]));
  }

  private static BlockNumber block(String number) {
    return new BlockNumber(Long.parseLong(number));
  }

  private static TokenAmount amount(String units) {
    return new TokenAmount(new BigInteger(units));
  }

  private static Signature signature(String text) {
    if (!text.startsWith("0x")) {
      throw new IllegalArgumentException("a signature begins with 0x");
    }
    return Signature.of(HexFormat.of().parseHex(text.substring(2)));
  }
}
