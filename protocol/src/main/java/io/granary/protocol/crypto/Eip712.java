package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.proofs.opening.DualOpening;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.Order;
import io.granary.protocol.deal.PeriodProof;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

/** The EIP-712 digests that Granary signs (Protocol §3.1, §8). */
public final class Eip712 {
  private static final Hash32 DOMAIN_TYPE =
      text("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
  private static final Hash32 PROPOSAL_TYPE =
      text(
          "DealProposal(address client,address miner,address auditor,bytes32 pieceRoot,uint64 rawSize,"
              + "uint8 sealProfile,uint32 periods,uint96 price,uint96 collateral,uint64 publishBy,"
              + "uint64 activateBy,bytes32 replaces,bytes32 salt)");
  private static final Hash32 MANDATE_TYPE =
      text(
          "Mandate(bytes32 dealId,uint32 periods,uint32 times,uint96 maxPricePerPeriod,"
              + "uint96 collateral,uint96 budget,uint96 tip,uint64 expiresAt)");
  private static final Hash32 EXTENSION_TYPE =
      text(
          "Extension(bytes32 dealId,uint32 oldEnd,uint32 newEnd,uint96 pricePerPeriod,"
              + "uint96 collateral,uint64 executeBy)");
  private static final Hash32 EARLY_END_TYPE =
      text("EarlyEnd(bytes32 dealId,bool immediate,uint64 executeBy)");
  private static final Hash32 WITHDRAWAL_REQUEST_TYPE =
      text("WithdrawalRequest(address account,uint96 amount,uint256 nonce,uint64 executeBy)");
  private static final Hash32 WITHDRAWAL_PAYOUT_TYPE =
      text(
          "WithdrawalPayout(address account,address to,uint96 least,uint256 nonce,uint64 executeBy)");
  private static final Hash32 REVOCATION_TYPE =
      text("Revocation(bytes32 mandate,uint64 executeBy)");
  private static final Hash32 CANCELLATION_TYPE =
      text("Cancellation(bytes32 dealId,uint64 executeBy)");
  private static final Hash32 ASK_TYPE =
      text(
          "Ask(address miner,uint96 pricePerLeafPeriod,uint96 collateralPerLeaf,uint64 minSize,"
              + "uint64 maxSize,uint32 minPeriods,uint32 maxPeriods,uint64 expiresAt)");
  private static final Hash32 CALL_TYPE =
      text(
          "Call(address caller,address audience,string method,bytes32 requestHash,uint64 expiresAt,bytes16 nonce)");
  private static final Hash32 PROOF_TYPE =
      text("PeriodProof(bytes32 dealId,uint32 period,bytes32 seed,bytes32 openingsHash)");
  private static final Hash32 PERMIT_TYPE =
      text("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
  private static final Hash32 NAME = text("Granary");
  private static final Hash32 VERSION = text("1");
  private static final byte[] PREFIX = {0x19, 0x01};

  private Eip712() {}

  static Hash32 text(String text) {
    return Keccak.hash(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The domain separator. */
  public static Hash32 domainSeparator(SigningDomain domain) {
    return domainSeparator(NAME, domain.chainId(), domain.market());
  }

  static Hash32 domainSeparator(Hash32 name, long chainId, Address contract) {
    return new Words().add(DOMAIN_TYPE).add(name).add(VERSION).add(chainId).add(contract).keccak();
  }

  private static Hash32 digest(SigningDomain domain, Words struct) {
    return digest(domainSeparator(domain), struct);
  }

  static Hash32 digest(Hash32 domainSeparator, Words struct) {
    return Keccak.hash(PREFIX, domainSeparator.bytes(), struct.keccak().bytes());
  }

  /** A proposal's digest, which is the deal's id. */
  public static DealId dealId(SigningDomain domain, DealProposal p) {
    return new DealId(
        digest(
            domain,
            new Words()
                .add(PROPOSAL_TYPE)
                .add(p.client())
                .add(p.miner())
                .add(p.auditor())
                .add(p.pieceRoot())
                .add(p.size().bytes())
                .add(p.sealProfile())
                .add(p.periods())
                .add(p.price().units())
                .add(p.collateral().units())
                .add(p.publishBy().value())
                .add(p.activateBy().value())
                .add(p.replaces())
                .add(p.salt())));
  }

  /** A mandate's digest, which the deal's client signs (Protocol §3.8). */
  public static Hash32 mandate(SigningDomain domain, Mandate m) {
    return digest(
        domain,
        new Words()
            .add(MANDATE_TYPE)
            .add(m.dealId().hash())
            .add(m.periods())
            .add(m.times())
            .add(m.maxPricePerPeriod().units())
            .add(m.collateral().units())
            .add(m.budget().units())
            .add(m.tip().units())
            .add(m.expiresAt().value()));
  }

  /** An extension's digest, which the deal's client signs (Protocol §3.6). */
  public static Hash32 extension(SigningDomain domain, Extension e) {
    return digest(
        domain,
        new Words()
            .add(EXTENSION_TYPE)
            .add(e.dealId().hash())
            .add(e.oldEnd().index())
            .add(e.newEnd().index())
            .add(e.pricePerPeriod().units())
            .add(e.collateral().units())
            .add(e.executeBy().value()));
  }

  /** An early end's digest, which the deal's client signs (Protocol §3.7). */
  public static Hash32 earlyEnd(SigningDomain domain, EarlyEnd e) {
    return digest(
        domain,
        new Words()
            .add(EARLY_END_TYPE)
            .add(e.dealId().hash())
            .add(e.immediate() ? 1 : 0)
            .add(e.executeBy().value()));
  }

  /** A relayed order's digest, which its account signs (Protocol §3.10). */
  public static Hash32 order(SigningDomain domain, Order order) {
    return digest(
        domain,
        switch (order) {
          case Order.WithdrawalRequest r ->
              new Words()
                  .add(WITHDRAWAL_REQUEST_TYPE)
                  .add(r.account())
                  .add(r.amount().units())
                  .add(r.nonce())
                  .add(r.executeBy().value());
          case Order.WithdrawalPayout w ->
              new Words()
                  .add(WITHDRAWAL_PAYOUT_TYPE)
                  .add(w.account())
                  .add(w.to())
                  .add(w.least().units())
                  .add(w.nonce())
                  .add(w.executeBy().value());
          case Order.Cancellation c ->
              new Words().add(CANCELLATION_TYPE).add(c.dealId().hash()).add(c.executeBy().value());
          case Order.Revocation r ->
              new Words().add(REVOCATION_TYPE).add(r.mandate()).add(r.executeBy().value());
        });
  }

  /** An ask's digest. */
  public static Hash32 ask(SigningDomain domain, Ask a) {
    return digest(
        domain,
        new Words()
            .add(ASK_TYPE)
            .add(a.miner())
            .add(a.pricePerLeafPeriod().units())
            .add(a.collateralPerLeaf().units())
            .add(a.minSize())
            .add(a.maxSize())
            .add(a.minPeriods())
            .add(a.maxPeriods())
            .add(a.expiresAt().getEpochSecond()));
  }

  /**
   * The digest a call's authentication signs (Protocol §8.3).
   *
   * @param expiresAt Unix seconds
   * @param nonce 16 bytes
   */
  public static Hash32 call(
      SigningDomain domain,
      Address caller,
      Address audience,
      String method,
      Hash32 requestHash,
      long expiresAt,
      byte[] nonce) {
    return digest(
        domain,
        new Words()
            .add(CALL_TYPE)
            .add(caller)
            .add(audience)
            .add(text(method))
            .add(requestHash)
            .add(expiresAt)
            .addLeft(nonce));
  }

  /** A period proof's digest (Protocol §8.4). */
  public static Hash32 periodProof(SigningDomain domain, PeriodProof p) {
    return digest(
        domain,
        new Words()
            .add(PROOF_TYPE)
            .add(p.dealId().hash())
            .add(p.period().index())
            .add(p.seed())
            .add(DualOpening.hash(p.openings())));
  }

  /** An ERC-2612 permit's digest, under the token's own domain separator. */
  public static Hash32 permit(
      Hash32 tokenDomain,
      Address owner,
      Address spender,
      BigInteger value,
      BigInteger nonce,
      BigInteger deadline) {
    Words words =
        new Words().add(PERMIT_TYPE).add(owner).add(spender).add(value).add(nonce).add(deadline);
    return digest(tokenDomain, words);
  }
}
