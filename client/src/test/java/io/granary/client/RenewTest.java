package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.testing.FakeMiner;
import io.granary.client.testing.ModelMarket;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.Signatures;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Extension;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.deal.SignedExtension;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client offers to go on with a deal, and what it makes of the answers. */
final class RenewTest extends ClientFixture {
  private FakeMiner miner;
  private DealProposal terms;
  private DealId id;

  @BeforeEach
  void put() throws IOException {
    miner = miner(3);
    client(1).put(file("a.bin", bytes(5_000, 1)), steps::add);
    terms = miner.proposal();
    id = Eip712.dealId(ModelMarket.DOMAIN, terms);
    market.activate(terms);
  }

  private DealSnapshot deal() {
    return market.deal(id).orElseThrow();
  }

  private ClientException refused(ClientException.Code code) throws IOException {
    GranaryClient client = client(1);
    ClientException e =
        assertThrows(ClientException.class, () -> client.renew(id, 5, Optional.empty()));
    assertEquals(code, e.code());
    return e;
  }

  @Test
  void atTheMinersAsk() throws IOException {
    DealSnapshot before = deal();
    DealSnapshot after = client(1).renew(id, 5, Optional.empty());
    assertEquals(before.end().plus(5), after.end());
    SignedExtension signed = miner.extensions().getFirst();
    Extension e = signed.extension();
    assertEquals(before.end(), e.oldEnd());
    assertEquals(Pricing.price(TokenAmount.of(3), terms.size(), 1), e.pricePerPeriod());
    assertTrue(e.executeBy().isAfter(market.head().number()));
    assertEquals(
        Optional.of(terms.client()),
        Signatures.recover(Eip712.extension(ModelMarket.DOMAIN, e), signed.signature()));
  }

  @Test
  void atTheLowerAskForSoLong() throws IOException {
    miner.reducesFor(terms.size(), 5);
    client(1).renew(id, 5, Optional.empty());
    assertEquals(
        Pricing.price(TokenAmount.of(1), terms.size(), 1),
        miner.extensions().getFirst().extension().pricePerPeriod());
  }

  @Test
  void atAPriceOfItsOwn() throws IOException {
    client(1).renew(id, 2, Optional.of(TokenAmount.of(777_777)));
    Extension e = miner.extensions().getFirst().extension();
    assertEquals(TokenAmount.of(777_777), e.pricePerPeriod());
    assertEquals(
        Pricing.leastCollateral(market.terms(), e.pricePerPeriod(), terms.size(), 1),
        e.collateral());
  }

  @Test
  void aMinersReasonIsTold() throws IOException {
    miner.declinesRenewals("PRICE");
    String price = String.valueOf(refused(ClientException.Code.NOT_RENEWED).getMessage());
    assertTrue(price.contains("PRICE"), price);
    // What time mends by itself is told apart: a script may try again.
    miner.declinesRenewals("SET_FROZEN");
    String message = String.valueOf(refused(ClientException.Code.RENEW_LATER).getMessage());
    assertTrue(message.contains("SET_FROZEN") && message.contains("later"), message);
  }

  @Test
  void onlyTheChainSaysWhetherASilentMinerTookIt() throws IOException {
    miner.renews(true, false);
    assertEquals(deal().end().plus(5), client(1).renew(id, 5, Optional.empty()).end());
    miner.renews(false, false);
    refused(ClientException.Code.RENEW_LATER);
  }

  @Test
  void aMinerThatOnlySaysSoIsNotBelieved() throws IOException {
    miner.renews(false, true);
    String message = String.valueOf(refused(ClientException.Code.NOT_RENEWED).getMessage());
    assertTrue(message.contains("the chain does not"), message);
  }

  @Test
  void whatCannotBePaidIsNotOffered() throws IOException {
    market.fund(TokenAmount.of(1));
    String message = String.valueOf(refused(ClientException.Code.INSUFFICIENT_ESCROW).getMessage());
    assertTrue(message.contains("granary deposit"), message);
    assertEquals(List.of(), miner.extensions());
  }

  @Test
  void onlyAnActiveDealOfThisWalletGoesOn() throws IOException {
    market.put(terms, DealState.COMPLETED);
    refused(ClientException.Code.NOT_RENEWED);
    id = ModelMarket.dealId(9);
    refused(ClientException.Code.UNKNOWN_DEAL);
    assertEquals(List.of(), miner.extensions());
  }
}
