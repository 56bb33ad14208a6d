package io.granary.protocol.crypto;

import io.granary.proofs.Hash32;
import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.Voucher;

/** The EIP-712 digests of what is signed for payment channels (Protocol §7). */
public final class ChannelDigests {
  private static final Hash32 VOUCHER_TYPE =
      Eip712.text("Voucher(address client,address miner,uint96 total)");
  private static final Hash32 CLOSE_CONSENT_TYPE =
      Eip712.text("CloseConsent(address client,address miner,uint256 nonce,uint64 executeBy)");
  private static final Hash32 NAME = Eip712.text("Granary Channels");

  private ChannelDigests() {}

  /** The domain separator. */
  public static Hash32 domainSeparator(ChannelDomain domain) {
    return Eip712.domainSeparator(NAME, domain.chainId(), domain.channels());
  }

  /** A voucher's digest, which its client signs (Protocol §7.3). */
  public static Hash32 voucher(ChannelDomain domain, Voucher v) {
    return Eip712.digest(
        domainSeparator(domain),
        new Words().add(VOUCHER_TYPE).add(v.client()).add(v.miner()).add(v.total().units()));
  }

  /** A consent's digest, which the miner signs (Protocol §7.5). */
  public static Hash32 closeConsent(ChannelDomain domain, CloseConsent c) {
    return Eip712.digest(
        domainSeparator(domain),
        new Words()
            .add(CLOSE_CONSENT_TYPE)
            .add(c.client())
            .add(c.miner())
            .add(c.nonce())
            .add(c.executeBy().value()));
  }
}
