package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.store.StoredFile;
import io.granary.client.testing.FakeMiner;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are encrypted, cut into shards, and spread over miners. */
class SpreadFileTest extends ClientFixture {
  private static final Redundancy FOUR_OF_SIX = Redundancy.shards(4, 2);
  private static final byte[] TEXT =
      "the quick brown fox ".repeat(2_000).getBytes(StandardCharsets.UTF_8);

  private final List<FakeMiner> miners = new ArrayList<>();
  private Path file;
  private Path back;

  @BeforeEach
  void begin() throws IOException {
    for (int i = 1; i <= 6; i++) {
      miners.add(miner(i));
    }
    file = file("a.txt", TEXT);
    back = dir.resolve("back.txt");
  }

  private StoredFile put() throws IOException {
    return client(FOUR_OF_SIX, true).put(file, steps::add);
  }

  private void get() throws IOException {
    client(FOUR_OF_SIX, true).get("a.txt", back, steps::add);
  }

  private void assertBack() throws IOException {
    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(back));
    assertEquals(
        List.of("a.txt", "back.txt"), filesIn(dir), "what was on its way is gone: " + steps);
  }

  private static List<String> filesIn(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> !p.getFileName().toString().startsWith("miner-"))
          .map(p -> p.getFileName().toString())
          .filter(name -> !name.equals("home"))
          .sorted()
          .toList();
    }
  }

  private FakeMiner minerOf(StoredFile stored, int piece) {
    String id = stored.dealsOf(piece).getLast().miner();
    return miners.stream().filter(m -> m.id().toString().equals(id)).findFirst().orElseThrow();
  }

  @Test
  void six_miners_have_a_piece_each_and_none_of_them_can_read_it() throws IOException {
    StoredFile stored = put();
    assertTrue(stored.complete());
    assertEquals(4, stored.data());
    assertEquals(6, new HashSet<>(stored.pieces()).size());
    for (FakeMiner miner : miners) {
      DealId deal = miner.proposed().getFirst();
      assertEquals(1, miner.proposed().size());
      String piece = new String(miner.uploaded(deal), StandardCharsets.ISO_8859_1);
      assertFalse(piece.contains("fox"), "in clear");
      // A quarter of the file, the encryption and the padding of its length.
      assertTrue(piece.length() < TEXT.length / 4 + TEXT.length / 20, piece.length() + " bytes");
      assertEquals(client(FOUR_OF_SIX, true).pieceSize(TEXT.length).bytes(), piece.length());
    }
    assertEquals(List.of(), filesIn(dir.resolve("home/staging")));
    get();
    assertBack();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 31, 127, 256, 257, (4 << 20) - 1, (4 << 20) + 1, 9_000_001})
  void files_of_all_sizes_come_back(int size) throws IOException {
    file = file("a.txt", bytes(size, size));
    put();
    miners.get(1).close();
    miners.get(4).close();
    get();
    assertBack();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void any_two_miners_may_be_gone(boolean encrypted) throws IOException {
    client(FOUR_OF_SIX, encrypted).put(file, steps::add);
    miners.get(0).close();
    miners.get(3).close();
    get();
    assertBack();
  }

  @Test
  void replicas_are_encrypted_too() throws IOException {
    StoredFile stored = client(Redundancy.replicas(2), true).put(file, steps::add);
    assertEquals(1, stored.pieces().size());
    minerOf(stored, 0).close();
    get();
    assertBack();
  }

  @Test
  void two_that_lie_are_named_and_done_without() throws IOException {
    StoredFile stored = put();
    Set<FakeMiner> liars = Set.of(minerOf(stored, 0), minerOf(stored, 2));
    liars.forEach(liar -> liar.liesAt(3_000));
    get();
    assertBack();
    for (FakeMiner liar : liars) {
      assertTrue(
          steps(Progress.Failover.class).stream()
              .anyMatch(f -> f.miner().equals(liar.id()) && f.reason().contains("do not belong")),
          steps::toString);
    }
  }

  @Test
  void one_that_stalls_gets_a_rival() throws IOException {
    StoredFile stored = put();
    minerOf(stored, 1).stalls();
    get();
    assertBack();
  }

  @Test
  void with_three_of_six_gone_it_says_so_and_keeps_what_came() throws IOException {
    StoredFile stored = put();
    List<FakeMiner> gone = List.of(minerOf(stored, 0), minerOf(stored, 1), minerOf(stored, 5));
    gone.forEach(FakeMiner::close);
    ClientException e = assertThrows(ClientException.class, this::get);
    assertEquals(ClientException.Code.RETRIEVAL_FAILED, e.code());
    assertTrue(e.getMessage().contains("any 4 of its 6 pieces, and only 3 came"), e.getMessage());
    gone.forEach(m -> assertTrue(e.getMessage().contains(m.id().toString()), e.getMessage()));
    int asked = minerOf(stored, 2).retrievals();
    assertThrows(ClientException.class, this::get);
    assertEquals(asked, minerOf(stored, 2).retrievals(), "what came is not fetched again");
    assertFalse(Files.exists(back));
  }

  @Test
  void a_put_that_found_too_few_goes_on_with_the_same_pieces() throws IOException {
    miners.get(2).declines(true);
    ClientException e = assertThrows(ClientException.class, this::put);
    assertEquals(ClientException.Code.NOT_ENOUGH_MINERS, e.code());
    assertTrue(e.getMessage().contains("5 of 6 deals"), e.getMessage());
    assertTrue(e.getMessage().contains("any 4 give the file back"), e.getMessage());
    List<String> pieces = client(FOUR_OF_SIX, true).find("a.txt").pieces();
    miners.add(miner(7));
    StoredFile stored = put();
    assertTrue(stored.complete());
    assertEquals(pieces, stored.pieces());
    for (FakeMiner miner : miners) {
      assertEquals(1, miner.proposed().size(), "no miner gets two, none is asked twice");
    }
    get();
    assertBack();
  }

  @Test
  void a_lost_piece_is_computed_from_others_and_goes_to_another_miner() throws IOException {
    StoredFile stored = put();
    FakeMiner lost = minerOf(stored, 3);
    market.put(lost.proposal(), DealState.TERMINATED);
    lost.close();
    FakeMiner spare = miner(7);
    miners.add(spare);
    StoredFile repaired = client(FOUR_OF_SIX, true).repair("a.txt", steps::add);
    assertEquals(stored.pieces(), repaired.pieces());
    assertEquals(stored.piece(3).root(), spare.proposal().pieceRoot());
    assertEquals(List.of(), filesIn(dir.resolve("home/staging")));
    // Without the spare it would not come back any more.
    minerOf(stored, 0).close();
    minerOf(stored, 1).close();
    get();
    assertBack();
  }

  @Test
  void a_file_that_lacks_nothing_needs_no_repair() throws IOException {
    put();
    miners.add(miner(7));
    client(FOUR_OF_SIX, true).repair("a.txt", steps::add);
    assertEquals(List.of(), miners.getLast().proposed());
  }

  @Test
  void another_wallet_does_not_read_it() throws IOException {
    put();
    GranaryClient thief = client(EthKey.generate(), FOUR_OF_SIX, true);
    ClientException e =
        assertThrows(ClientException.class, () -> thief.get("a.txt", back, steps::add));
    assertEquals(ClientException.Code.BAD_KEY, e.code());
    miners.forEach(m -> assertEquals(0, m.retrievals(), "nothing was fetched in vain"));
    assertTrue(e.getMessage().contains("wallet"), e.getMessage());
    assertFalse(Files.exists(back));
  }

  @Test
  void the_same_file_with_other_options_is_refused_by_name() throws IOException {
    put();
    for (GranaryClient other :
        List.of(client(Redundancy.shards(2, 1), true), client(FOUR_OF_SIX, false))) {
      ClientException e = assertThrows(ClientException.class, () -> other.put(file, steps::add));
      assertEquals(ClientException.Code.BAD_FILE, e.code());
      assertTrue(e.getMessage().contains("'a.txt' is stored already, encrypted and as 4+2"));
    }
  }

  @Test
  void an_empty_file_can_only_be_stored_encrypted() throws IOException {
    file = file("a.txt", new byte[0]);
    ClientException e =
        assertThrows(ClientException.class, () -> client(FOUR_OF_SIX, false).put(file, steps::add));
    assertTrue(e.getMessage().contains("is empty"), e.getMessage());
  }

  @Test
  void its_health_is_what_the_chain_says() throws IOException {
    StoredFile stored = put();
    GranaryClient client = client(FOUR_OF_SIX, true);
    for (int piece = 0; piece < 6; piece++) {
      market.activate(minerOf(stored, piece).proposal());
    }
    FileHealth whole = client.health(stored);
    assertEquals(FileHealth.State.WHOLE, whole.state());
    assertEquals(List.of(1, 1, 1, 1, 1, 1), whole.live());
    for (int piece = 0; piece < 2; piece++) {
      market.put(minerOf(stored, piece).proposal(), DealState.TERMINATED);
      assertEquals(FileHealth.State.WEAKENED, client.health(stored).state());
    }
    assertTrue(
        whole.until().orElseThrow().compareTo(client.health(stored).until().orElseThrow()) >= 0);
    market.put(minerOf(stored, 5).proposal(), DealState.COMPLETED);
    FileHealth lost = client.health(stored);
    assertEquals(FileHealth.State.LOST, lost.state());
    assertEquals(3, lost.held());
    assertTrue(lost.until().isEmpty());
  }

  @Test
  void a_replica_that_is_lost_is_made_up_for() throws IOException {
    StoredFile stored = client(Redundancy.replicas(2), true).put(file, steps::add);
    FakeMiner lost = minerOf(stored, 0);
    market.put(lost.proposal(), DealState.TERMINATED);
    lost.close();
    StoredFile repaired = client(FOUR_OF_SIX, true).repair("a.txt", steps::add);
    assertEquals(2, repaired.deals().stream().filter(d -> !d.abandoned()).count());
    assertEquals(1, miners.get(2).proposed().size());
  }

  @Test
  void a_shard_is_handed_over_even_when_its_miner_is_gone() throws IOException {
    StoredFile stored = put();
    FakeMiner old = minerOf(stored, 4);
    market.activate(old.proposal());
    old.close();
    FakeMiner heir = miner(7);
    DealId id = DealId.parse(stored.dealsOf(4).getFirst().dealId());
    ClientException e =
        assertThrows(
            ClientException.class,
            () ->
                client(FOUR_OF_SIX, true)
                    .handOver(id, heir.id(), Optional.empty(), Optional.of(file), steps::add));
    assertTrue(e.getMessage().contains("leave the file out"), e.getMessage());
    client(FOUR_OF_SIX, true)
        .handOver(id, heir.id(), Optional.empty(), Optional.empty(), steps::add);
    assertEquals(stored.piece(4).root(), heir.proposal().pieceRoot());
    assertEquals(4, client(FOUR_OF_SIX, true).find("a.txt").deals().getLast().piece());
    // The old deal ends, and nothing is missing.
    market.put(old.proposal(), DealState.COMPLETED);
    FakeMiner idle = miner(8);
    client(FOUR_OF_SIX, true).repair("a.txt", steps::add);
    assertEquals(List.of(), idle.proposed());
  }
}
