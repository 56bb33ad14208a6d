package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.store.StoredFile;
import io.granary.client.testing.FakeMiner;
import io.granary.client.testing.ModelMarket;
import io.granary.proofs.Hash32;
import io.granary.proofs.piece.RawSize;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.PeerRecord;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.deal.Pricing;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Miners that fail in one way each while a file is stored with them. */
class PutTest extends ClientFixture {
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = file("a.bin", bytes(SIZE, 1));
  }

  private StoredFile put(int replicas) throws IOException {
    return client(replicas).put(file, steps::add);
  }

  private ClientException refused(int replicas) {
    return assertThrows(ClientException.class, () -> put(replicas));
  }

  private static Set<Address> kept(StoredFile stored) {
    return stored.deals().stream()
        .filter(d -> !d.abandoned())
        .map(d -> Address.parse(d.miner()))
        .collect(Collectors.toSet());
  }

  private static void says(ClientException e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
    }
  }

  @Test
  void the_cheapest_miners_are_asked_and_nobody_else() throws IOException {
    FakeMiner one = miner(1);
    FakeMiner two = miner(2);
    FakeMiner three = miner(3);
    StoredFile stored = put(2);
    assertTrue(stored.complete());
    assertEquals(Set.of(one.id(), two.id()), kept(stored));
    assertEquals(List.of(), three.proposed());
    assertEquals(2, steps(Progress.Active.class).size());
    assertEquals(List.of(), steps(Progress.LeftOpen.class));
  }

  @Test
  void the_miners_are_asked_in_the_order_of_the_quote() throws IOException {
    FakeMiner lossy = miner(1);
    FakeMiner sound = miner(2);
    market.activated(50, ModelMarket.dealId(1), lossy.id());
    market.terminated(10, ModelMarket.dealId(1));
    assertEquals(sound.id(), client(1).quote(new RawSize(SIZE)).getFirst().miner().peer().id());
    assertEquals(Set.of(sound.id()), kept(put(1)));
    assertEquals(List.of(), lossy.proposed());
  }

  @Test
  void one_that_declines_is_passed_over_and_what_it_could_still_do_is_said() throws IOException {
    FakeMiner full = miner(1);
    FakeMiner next = miner(2);
    full.declines(true);
    StoredFile stored = put(1);
    assertEquals(Set.of(next.id()), kept(stored));
    assertTrue(steps(Progress.Declined.class).getFirst().reason().contains("NO_SPACE"));
    Progress.LeftOpen open = steps(Progress.LeftOpen.class).getFirst();
    assertEquals(full.id(), open.miner());
    assertEquals(full.proposed().getFirst(), open.deal());
    assertEquals(full.proposal().publishBy(), open.publishBy());
    assertEquals(0, market.transactions());
  }

  @Test
  void one_that_asks_more_than_it_posted_is_not_signed_for() throws IOException {
    FakeMiner bait = miner(1);
    FakeMiner honest = miner(2);
    bait.asksMore(TokenAmount.of(1));
    assertEquals(Set.of(honest.id()), kept(put(1)));
    assertEquals(List.of(), bait.proposed());
    String reason = steps(Progress.Declined.class).getFirst().reason();
    assertTrue(reason.contains("in the registry"), reason);
  }

  @Test
  void one_that_asks_less_for_such_a_deal_gets_less() throws IOException {
    FakeMiner miner = miner(5);
    RawSize size = new RawSize(SIZE);
    miner.reducesFor(size, 10);
    put(1);
    assertEquals(Pricing.price(TokenAmount.of(1), size, 10), miner.proposal().price());
  }

  @Test
  void one_whose_ask_or_endpoint_is_nonsense_stops_nobody_else() throws IOException {
    FakeMiner absurd = miner(1);
    FakeMiner honest = miner(3);
    absurd.asksCollateral(new TokenAmount(BigInteger.TWO.pow(96).subtract(BigInteger.ONE)));
    market.register(
        new MinerRecord(
            new PeerRecord(ModelMarket.address(2), "x", Hash32.ZERO),
            ModelMarket.address(2),
            TokenAmount.ZERO,
            true,
            false,
            TokenAmount.of(1),
            0));
    assertEquals(Set.of(honest.id()), kept(put(1)));
    List<String> reasons =
        steps(Progress.Declined.class).stream().map(Progress.Declined::reason).toList();
    assertTrue(reasons.stream().anyMatch(r -> r.contains("not host:port")), reasons.toString());
    assertTrue(reasons.stream().anyMatch(r -> r.contains("at its ask")), reasons.toString());
  }

  @Test
  void one_that_dies_in_the_middle_and_comes_back_gets_the_rest_only() throws IOException {
    FakeMiner miner = miner(1);
    miner.diesAt(1_500_000, 3);
    assertEquals(Set.of(miner.id()), kept(put(1)));
    assertEquals(List.of(0L, 1_500_000L), miner.uploadOffsets());
    assertEquals(1, miner.proposed().size());
  }

  @Test
  void one_that_dies_for_good_is_replaced_by_the_next() throws IOException {
    FakeMiner dead = miner(1);
    FakeMiner next = miner(2);
    dead.diesAt(1_500_000, Integer.MAX_VALUE);
    assertEquals(Set.of(next.id()), kept(put(1)));
    assertTrue(steps(Progress.Declined.class).getFirst().reason().contains("it is dead"));
    assertEquals(List.of(0L), dead.uploadOffsets());
  }

  @Test
  void one_that_accepts_and_never_publishes_is_replaced_and_can_no_longer_do_harm()
      throws IOException {
    FakeMiner idle = miner(1);
    FakeMiner next = miner(2);
    idle.sleepsPastPublishing();
    StoredFile stored = put(1);
    assertEquals(Set.of(next.id()), kept(stored));
    assertTrue(steps(Progress.Declined.class).getFirst().reason().contains("did not publish"));
    assertEquals(List.of(), steps(Progress.LeftOpen.class));
    assertEquals(
        List.of("LAPSED", "ACTIVE"), client(1).deals().stream().map(ListedDeal::state).toList());
  }

  @Test
  void a_put_after_a_kill_goes_on_with_the_deals_that_were_begun() throws IOException {
    FakeMiner one = miner(1);
    FakeMiner two = miner(2);
    FakeMiner three = miner(3);
    one.publishes(false);
    two.publishes(false);
    GranaryClient killed = client(2);
    assertThrows(
        Killed.class,
        () ->
            killed.put(
                file,
                step -> {
                  if (step instanceof Progress.Uploaded) {
                    throw new Killed();
                  }
                }));
    market.put(one.proposal(), DealState.ACTIVE);
    market.put(two.proposal(), DealState.ACTIVE);
    StoredFile stored = put(2);
    assertEquals(
        Set.of(one.proposed().getFirst(), two.proposed().getFirst()),
        stored.deals().stream().map(d -> DealId.parse(d.dealId())).collect(Collectors.toSet()));
    assertEquals(List.of(1, 1, 0), List.of(sizes(one), sizes(two), sizes(three)));
    assertEquals(List.of(0L), one.uploadOffsets());
  }

  private static int sizes(FakeMiner miner) {
    return miner.proposed().size();
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void a_miner_that_failed_is_offered_the_same_proposal_again_when_it_is_back() throws IOException {
    FakeMiner miner = miner(1);
    miner.declines(true);
    refused(1);
    miner.declines(false);
    StoredFile stored = put(1);
    assertEquals(1, miner.proposed().size());
    assertEquals(1, stored.deals().size());
    assertEquals(Set.of(miner.id()), kept(stored));
    assertEquals(List.of(), client(1).leftOpen(stored));
  }

  @Test
  void a_miner_that_failed_is_asked_after_those_that_did_not() throws IOException {
    FakeMiner failed = miner(1);
    failed.declines(true);
    refused(1);
    failed.declines(false);
    FakeMiner dearer = miner(2);
    StoredFile stored = put(1);
    assertEquals(Set.of(dearer.id()), kept(stored));
    assertEquals(
        failed.proposed(), client(1).leftOpen(stored).stream().map(ListedDeal::id).toList());
  }

  @Test
  void a_deal_that_was_published_after_it_was_given_up_is_used_by_the_next_put()
      throws IOException {
    FakeMiner late = miner(1);
    late.declines(true);
    refused(1);
    market.put(late.proposal(), DealState.ACTIVE);
    FakeMiner cheaper = miner(0);
    assertEquals(Set.of(late.id()), kept(put(1)));
    assertEquals(List.of(), cheaper.proposed());
  }

  @Test
  void too_few_miners_give_all_reasons_and_how_to_take_back_what_they_hold() throws IOException {
    FakeMiner full = miner(1);
    FakeMiner dead = miner(2);
    full.declines(true);
    dead.diesAt(100, Integer.MAX_VALUE);
    ClientException e = refused(3);
    assertEquals(ClientException.Code.NOT_ENOUGH_MINERS, e.code());
    says(
        e,
        "0 of 3 replicas",
        full.id() + " NO_SPACE: it is full",
        dead.id().toString(),
        "it is dead",
        "granary deal cancel " + full.proposed().getFirst(),
        "granary deal cancel " + dead.proposed().getFirst());
  }

  @Test
  void the_same_name_with_other_bytes_is_refused_and_the_first_file_stays() throws IOException {
    miner(1);
    StoredFile first = put(1);
    file("a.bin", bytes(SIZE, 2));
    ClientException e = refused(1);
    assertEquals(ClientException.Code.BAD_FILE, e.code());
    says(e, "'a.bin'", first.contentCid(), "rename");
    assertEquals(List.of(first), client(1).files());
  }

  @Test
  void too_little_escrow_names_the_amount_and_no_miner_is_asked() throws IOException {
    FakeMiner one = miner(1);
    FakeMiner two = miner(2);
    TokenAmount price = client(2).quote(new RawSize(SIZE)).getFirst().price();
    TokenAmount needed = price.times(3);
    market.fund(needed.minus(TokenAmount.of(1)));
    ClientException e = refused(2);
    assertEquals(ClientException.Code.INSUFFICIENT_ESCROW, e.code());
    says(e, needed + " tokens", "granary deposit 0.000000000000000001'");
    assertEquals(List.of(), one.proposed());
    assertEquals(List.of(), two.proposed());
    market.fund(needed);
    assertTrue(put(2).complete());
  }

  @Test
  void an_empty_file_and_a_missing_one_are_refused() throws IOException {
    file = file("empty", new byte[0]);
    says(refused(1), "empty");
    file = dir.resolve("none");
    says(refused(1), "cannot read", "none");
  }

  // ---------------------------------------------------------------- cancelling

  private DealId givenUp(FakeMiner miner) throws IOException {
    miner.declines(true);
    refused(1);
    return miner.proposed().getFirst();
  }

  private ClientException notCancelled(DealId id) {
    return assertThrows(ClientException.class, () -> client(1).cancel(id));
  }

  @Test
  void a_proposal_that_was_given_up_is_cancelled_once() throws IOException {
    DealId id = givenUp(miner(1));
    assertEquals("ABANDONED", client(1).deals().getFirst().state());
    client(1).cancel(id);
    assertEquals(1, market.transactions());
    assertEquals("CANCELLED", client(1).deals().getFirst().state());
    assertEquals(List.of(), client(1).leftOpen(client(1).find("a.bin")));
    says(notCancelled(id), "cancelled already");
    assertEquals(1, market.transactions());
  }

  @Test
  void what_was_published_or_lapsed_is_not_cancelled_and_the_remedy_is_named() throws IOException {
    FakeMiner miner = miner(1);
    DealId id = givenUp(miner);
    market.put(miner.proposal(), DealState.PUBLISHED);
    says(
        notCancelled(id),
        "published already",
        "granary deal expire",
        miner.proposal().activateBy().toString());
    market.put(miner.proposal(), DealState.ACTIVE);
    says(notCancelled(id), "active already", "granary deal terminate");
    market.put(miner.proposal(), DealState.NONE);
    market.mine(miner.proposal().publishBy().value());
    says(notCancelled(id), miner.proposal().publishBy().toString(), "nothing to cancel");
    ClientException unknown = notCancelled(ModelMarket.dealId(77));
    assertEquals(ClientException.Code.UNKNOWN_DEAL, unknown.code());
    says(unknown, ModelMarket.dealId(77).toString(), "granary deal list");
    assertEquals(0, market.transactions());
  }

  @Test
  void a_miner_that_publishes_while_the_client_cancels_is_told_as_such() throws IOException {
    FakeMiner miner = miner(1);
    DealId id = givenUp(miner);
    market.beforeCancel(() -> market.put(miner.proposal(), DealState.PUBLISHED));
    says(notCancelled(id), "published already");
  }
}
