package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.testing.FakeMiner;
import io.granary.client.testing.ModelMarket;
import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.deal.Cover;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A deal that moves to another miner, and what can go wrong on the way. */
final class HandOverTest extends ClientFixture {
  private byte[] bytes = {};
  private Path file = Path.of("");
  private FakeMiner old;
  private FakeMiner next;
  private DealId id;

  @BeforeEach
  void put() throws IOException {
    bytes = bytes(50_000, 1);
    file = file("a.bin", bytes);
    old = miner(1);
    client(1).put(file, steps::add);
    id = Eip712.dealId(ModelMarket.DOMAIN, old.proposal());
    market.activate(old.proposal());
    old.has(bytes);
    next = miner(2);
  }

  private DealSnapshot handOver(Optional<Path> local) throws IOException {
    return client(1).handOver(id, next.id(), Optional.empty(), local, steps::add);
  }

  private ClientException refused(ClientException.Code code) {
    ClientException e = assertThrows(ClientException.class, () -> handOver(Optional.empty()));
    assertEquals(code, e.code(), e.getMessage());
    return e;
  }

  @Test
  void the_bytes_come_from_the_old_miner_and_go_to_the_new_one() throws IOException {
    DealSnapshot after = handOver(Optional.empty());
    assertEquals(DealState.ACTIVE, after.state());
    DealProposal p = next.proposal();
    assertEquals(Optional.of(id), p.predecessor());
    assertEquals(after.id(), Eip712.dealId(ModelMarket.DOMAIN, p));
    assertEquals(old.proposal().pieceRoot(), p.pieceRoot());
    DealSnapshot before = market.deal(id).orElseThrow();
    assertEquals(before.end().index() - before.start().index(), p.periods(), "as long as the old");
    assertTrue(p.publishBy().value() <= p.activateBy().value() - p.activationRoom(market.terms()));
    assertEquals(1, old.retrievals());
    try (var left = Files.list(dir.resolve("home"))) {
      assertTrue(
          left.noneMatch(f -> f.getFileName().toString().startsWith("handover")),
          "the copy is gone");
    }
    assertEquals(2, client(1).find("a.bin").deals().size());
    // Once more: nothing new is proposed.
    assertEquals(after.id(), handOver(Optional.empty()).id());
    assertEquals(1, next.proposed().size());
  }

  @Test
  void a_file_that_is_at_hand_is_not_fetched() throws IOException {
    assertEquals(DealState.ACTIVE, handOver(Optional.of(file)).state());
    assertEquals(0, old.retrievals());
    assertTrue(Files.exists(file));
  }

  @Test
  void another_file_is_not_taken_for_it() throws IOException {
    Path other = file("b.bin", bytes(50_000, 2));
    ClientException e = assertThrows(ClientException.class, () -> handOver(Optional.of(other)));
    assertEquals(ClientException.Code.BAD_FILE, e.code());
    assertEquals(List.of(), next.proposed());
  }

  @Test
  void only_what_the_old_escrow_does_not_cover_has_to_be_there() throws IOException {
    market.fund(TokenAmount.of(5));
    ClientException e = refused(ClientException.Code.INSUFFICIENT_ESCROW);
    assertTrue(e.getMessage().contains("granary deposit"), e.getMessage());
    assertEquals(List.of(), next.proposed());
    market.setCover(new Cover("", TokenAmount.parseTokens("1")));
    assertEquals(DealState.ACTIVE, handOver(Optional.of(file)).state());
  }

  @Test
  void one_that_declines_can_be_asked_again_with_the_same_proposal() throws IOException {
    next.declines(true);
    ClientException e = refused(ClientException.Code.NOT_HANDED_OVER);
    assertTrue(e.getMessage().contains("NO_SPACE"), e.getMessage());
    next.declines(false);
    assertEquals(DealState.ACTIVE, handOver(Optional.empty()).state());
    assertEquals(1, next.proposed().size());
    assertEquals(1, old.retrievals(), "the bytes were kept");
  }

  @Test
  void what_the_market_would_not_take_is_not_signed() {
    market.setCover(new Cover("HandOverPending", TokenAmount.ZERO));
    ClientException e = refused(ClientException.Code.NOT_HANDED_OVER);
    assertTrue(e.getMessage().contains("HandOverPending"), e.getMessage());
    assertEquals(List.of(), next.proposed());
  }

  @Test
  void a_deal_that_is_over_or_unknown_is_not_handed_over() throws IOException {
    market.put(old.proposal(), DealState.COMPLETED);
    assertTrue(refused(ClientException.Code.NOT_HANDED_OVER).getMessage().contains("not active"));
    id = ModelMarket.dealId(77);
    refused(ClientException.Code.UNKNOWN_DEAL);
    assertFalse(Files.exists(dir.resolve("home/handover-0000000000000000")));
  }
}
