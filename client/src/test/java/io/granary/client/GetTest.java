package io.granary.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.client.testing.FakeMiner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Miners that lie or are gone while a file is fetched from them. */
class GetTest extends ClientFixture {
  /** What a fake miner gives at a time. */
  private static final int CHUNK = 8 * 127;

  private final byte[] piece = bytes(40 * 127 + 5, 1);
  private FakeMiner first;
  private FakeMiner second;
  private Path target;
  private Path part;

  @BeforeEach
  void store() throws IOException {
    first = miner(1);
    second = miner(2);
    first.has(piece);
    second.has(piece);
    // One after the other, so that the order in which they are asked is known.
    Path file = file("a.bin", piece);
    client(1).put(file, steps::add);
    client(2).put(file, steps::add);
    target = dir.resolve("back.bin");
    part = dir.resolve("back.bin.part");
  }

  private void get() throws IOException {
    client(2).get("a.bin", target, steps::add);
  }

  private List<Progress.Received> received(FakeMiner from) {
    return steps(Progress.Received.class).stream()
        .filter(r -> r.miner().equals(from.id()))
        .toList();
  }

  @Test
  void the_whole_file_comes_from_the_first_miner() throws IOException {
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
    assertFalse(Files.exists(part));
    assertEquals(0, second.retrievals());
  }

  @Test
  void after_a_lie_the_next_miner_goes_on_from_the_bytes_that_were_verified() throws IOException {
    first.liesAt(2 * CHUNK + 500);
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
    assertEquals(2 * CHUNK, received(first).getLast().bytes());
    assertEquals(3 * CHUNK, received(second).getFirst().bytes());
    Progress.Failover failover = steps(Progress.Failover.class).getFirst();
    assertEquals(first.id(), failover.miner());
    assertTrue(failover.reason().contains("do not belong to piece"), failover.reason());
  }

  @Test
  void when_all_lie_the_verified_bytes_stay_and_the_same_get_goes_on_from_there()
      throws IOException {
    first.liesAt(2 * CHUNK + 500);
    second.liesAt(3 * CHUNK);
    ClientException e = assertThrows(ClientException.class, this::get);
    assertEquals(ClientException.Code.RETRIEVAL_FAILED, e.code());
    assertTrue(e.getMessage().contains(first.id().toString()), e.getMessage());
    assertTrue(e.getMessage().contains(second.id().toString()), e.getMessage());
    assertTrue(e.getMessage().contains(3 * CHUNK + " of " + piece.length), e.getMessage());
    assertArrayEquals(Arrays.copyOf(piece, 3 * CHUNK), Files.readAllBytes(part));
    assertFalse(Files.exists(target));
    // The first lies about nothing that is still missing.
    steps.clear();
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
    assertEquals(4 * CHUNK, received(first).getFirst().bytes());
  }

  @Test
  void a_miner_that_is_gone_is_passed_over() throws IOException {
    first.close();
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
    assertEquals(first.id(), steps(Progress.Failover.class).getFirst().miner());
  }

  @Test
  void a_part_of_another_file_is_dropped_and_never_becomes_the_file() throws IOException {
    Files.write(part, bytes(3 * CHUNK, 9));
    ClientException e = assertThrows(ClientException.class, this::get);
    assertTrue(e.getMessage().contains("bytes of another file"), e.getMessage());
    assertFalse(Files.exists(part));
    assertFalse(Files.exists(target));
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
  }

  @Test
  void a_part_that_is_longer_than_the_file_begins_anew() throws IOException {
    Files.write(part, bytes(piece.length + 1, 9));
    get();
    assertArrayEquals(piece, Files.readAllBytes(target));
  }

  @Test
  void a_deal_that_was_given_up_is_asked_last() throws IOException {
    FakeMiner full = miner(0);
    full.has(piece);
    full.declines(true);
    Path other = file("b.bin", piece);
    client(1).put(other, steps::add);
    client(1).get("b.bin", target, steps::add);
    assertArrayEquals(piece, Files.readAllBytes(target));
    assertEquals(0, full.retrievals());
  }

  @Test
  void an_unknown_name_is_refused_by_name() {
    ClientException e =
        assertThrows(ClientException.class, () -> client(1).get("nothing", target, steps::add));
    assertEquals(ClientException.Code.UNKNOWN_FILE, e.code());
    assertTrue(e.getMessage().contains("'nothing'"), e.getMessage());
  }
}
