package io.granary.client.plan;

import io.granary.client.ClientConfig;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.seal.SealProfile;
import io.granary.protocol.chain.MarketTerms;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.security.SecureRandom;
import java.util.Optional;

/** The terms a client proposes at an ask. */
public final class Terms {
  private Terms() {}

  /**
   * A proposal with a fresh salt; the client is its own auditor unless the configuration names one.
   *
   * @param replaces the deal that it takes over, if any (Protocol §3.9)
   */
  public static DealProposal propose(
      Address client,
      Ask ask,
      PieceCommitment piece,
      ClientConfig config,
      Optional<DealId> replaces,
      MarketTerms terms,
      BlockNumber head) {
    TokenAmount price = Pricing.price(ask.pricePerLeafPeriod(), piece.size(), config.periods());
    byte[] salt = new byte[32];
    new SecureRandom().nextBytes(salt);
    // Half of what the market allows for publishing, which waits for upload and sealing; the rest
    // is for activation, which two freezes may hold up when a deal is handed over.
    long span = terms.maxActivationBlocks();
    long freezes = replaces.isPresent() ? 2 : 1;
    long room = terms.sealDelay() + freezes * terms.windowBlocks() + 1;
    return new DealProposal(
        client,
        ask.miner(),
        config.auditor().orElse(client),
        piece.root(),
        piece.size(),
        SealProfile.STREAM,
        config.periods(),
        price,
        Pricing.collateral(terms, ask.collateralPerLeaf(), price, piece.size(), config.periods()),
        head.plus(Math.max(0, Math.min(span / 2, span - 2 - room))),
        head.plus(span - 2),
        replaces.map(DealId::hash).orElse(Hash32.ZERO),
        Hash32.of(salt));
  }
}
