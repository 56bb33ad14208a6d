package io.granary.client;

import io.granary.client.grpc.MinerConnection;
import io.granary.client.grpc.PeerException;
import io.granary.client.store.Catalogue;
import io.granary.client.store.StoredFile;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.Ask;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.util.Optional;
import java.util.Set;

/** One deal that is to go on with its miner, on the same replica (Protocol §3.6). */
final class Renew {
  /** Blocks that the miner has for its transaction; after them the offer binds nobody. */
  private static final int EXECUTE_BLOCKS = 50;

  /** Refusals that time mends by itself. */
  private static final Set<String> PASSING = Set.of("SET_FROZEN", "BUSY", "MINER_COLLATERAL");

  private final ClientPorts ports;
  private final EthKey wallet;
  private final Catalogue catalogue;

  Renew(ClientPorts ports, EthKey wallet, Catalogue catalogue) {
    this.ports = ports;
    this.wallet = wallet;
    this.catalogue = catalogue;
  }

  DealSnapshot run(DealId id, long periods, Optional<TokenAmount> pricePerPeriod) {
    DealProposal proposal = proposalOf(id);
    DealSnapshot before =
        ports
            .reader()
            .deal(id)
            .filter(d -> d.state() == DealState.ACTIVE)
            .orElseThrow(
                () -> notRenewed("deal " + id + " is not active: put the file in a new deal"));
    if (before.noticed()) {
      throw notRenewed(
          "deal " + id + " is under notice, or handed over: put the file in a new deal");
    }
    MinerRecord miner =
        ports
            .directory()
            .miner(before.miner())
            .orElseThrow(() -> notRenewed("miner " + before.miner() + " has left the registry"));
    try (MinerConnection connection =
        new MinerConnection(miner, ports.reader().terms().domain(), wallet)) {
      Extension e =
          extension(
              proposal,
              before,
              connection.ask(proposal.size(), periods).ask(),
              periods,
              pricePerPeriod);
      requireEscrow(e, before);
      return offer(connection, e);
    } catch (PeerException e) {
      boolean later = e.isUnreachable() || PASSING.contains(e.refusal());
      throw new ClientException(
          later ? ClientException.Code.RENEW_LATER : ClientException.Code.NOT_RENEWED,
          String.valueOf(e.getMessage()));
    }
  }

  private DealSnapshot offer(MinerConnection connection, Extension e) {
    SignedExtension signed =
        new SignedExtension(e, wallet.sign(Eip712.extension(ports.reader().terms().domain(), e)));
    try {
      connection.renew(signed);
    } catch (PeerException silent) {
      // It may have taken it all the same: only the chain says.
      if (!silent.isUnreachable() || extended(e).isEmpty()) {
        throw silent;
      }
    }
    return extended(e)
        .orElseThrow(
            () ->
                notRenewed(
                    "the miner says that it extended the deal, the chain does not (yet): look with"
                        + " 'granary deal show "
                        + e.dealId()
                        + "'; the offer holds until block "
                        + e.executeBy()));
  }

  private Optional<DealSnapshot> extended(Extension e) {
    return ports.reader().deal(e.dealId()).filter(d -> d.end().compareTo(e.newEnd()) >= 0);
  }

  private Extension extension(
      DealProposal proposal,
      DealSnapshot before,
      Ask ask,
      long periods,
      Optional<TokenAmount> pricePerPeriod) {
    TokenAmount price =
        pricePerPeriod.orElseGet(() -> Pricing.price(ask.pricePerLeafPeriod(), proposal.size(), 1));
    return new Extension(
        before.id(),
        before.end(),
        before.end().plus(periods),
        price,
        Pricing.collateral(
            ports.reader().terms(), ask.collateralPerLeaf(), price, proposal.size(), 1),
        ports.chain().head().number().plus(EXECUTE_BLOCKS));
  }

  private void requireEscrow(Extension e, DealSnapshot before) {
    long head = ports.chain().head().number().value();
    long duty = ports.reader().clock(before.miner()).nextDuty(head + 1);
    long from = Math.min(before.end().index(), Math.max(before.cursor().index(), duty));
    TokenAmount price = e.pricePerPeriod().times(e.newEnd().index() - from);
    TokenAmount carried =
        Pricing.worth(before.price(), before.end().index() - from, before.periods());
    TokenAmount balance = ports.reader().account(wallet.address()).balance();
    if (carried.isLessThan(price) && balance.isLessThan(price.minus(carried))) {
      throw new ClientException(
          ClientException.Code.INSUFFICIENT_ESCROW,
          "the extension adds "
              + price.minus(carried).toTokens()
              + " tokens to the price, and only "
              + balance.toTokens()
              + " are deposited and not locked: 'granary deposit' adds some");
    }
  }

  private DealProposal proposalOf(DealId id) {
    for (StoredFile file : catalogue.all()) {
      for (StoredFile.StoredDeal deal : file.deals()) {
        if (deal.dealId().equals(id.toString())) {
          return deal.signedProposal().proposal();
        }
      }
    }
    throw new ClientException(
        ClientException.Code.UNKNOWN_DEAL,
        "none of this wallet's files has a deal " + id + ": 'granary deal list' lists them");
  }

  private static ClientException notRenewed(String why) {
    return new ClientException(ClientException.Code.NOT_RENEWED, why);
  }
}
