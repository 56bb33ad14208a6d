package io.granary.client.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogueTest {
  @TempDir Path home;

  private static StoredFile file(String name) {
    return new StoredFile(
        name, "cid-of-" + name, 7, null, 1, 1, List.of("cid-of-" + name), false, List.of());
  }

  private static StoredFile.StoredDeal deal(int number) {
    return new StoredFile.StoredDeal("deal-" + number, "miner-" + number, 0, "", false);
  }

  @Test
  void what_was_saved_is_there_again_in_order_by_name_and_by_piece_cid() throws IOException {
    Catalogue catalogue = new Catalogue(home);
    catalogue.save(file("b"));
    catalogue.save(file("a"));
    catalogue.update("b", f -> f.plus(deal(1)).completed());
    Catalogue again = new Catalogue(home);
    StoredFile b =
        new StoredFile("b", "cid-of-b", 7, null, 1, 1, List.of("cid-of-b"), true, List.of(deal(1)));
    assertEquals(List.of(b, file("a")), again.all());
    assertEquals(Optional.of(b), again.find("b"));
    assertEquals(Optional.of(b), again.find("cid-of-b"));
    assertEquals(Optional.empty(), again.find("c"));
    assertThrows(IllegalArgumentException.class, () -> again.update("c", f -> f));
  }

  @Test
  void a_damaged_file_is_refused_by_name_and_never_overwritten() throws IOException {
    Path json = home.resolve("files.json");
    for (String damaged :
        List.of("", "{", "[{\"name\": 1", "[{\"unheard\": 1}]", "null", "[null]")) {
      Files.writeString(json, damaged);
      IOException e = assertThrows(IOException.class, () -> new Catalogue(home), damaged);
      assertTrue(e.getMessage().contains(json.toString()), e.getMessage());
      assertTrue(e.getMessage().contains("backup"), e.getMessage());
      assertEquals(damaged, Files.readString(json));
    }
  }

  @Test
  void a_write_that_was_cut_off_leaves_the_old_list() throws IOException {
    new Catalogue(home).save(file("a"));
    Files.writeString(home.resolve("files.json.new"), "[{\"name\": \"a");
    Catalogue again = new Catalogue(home);
    assertEquals(List.of(file("a")), again.all());
    again.save(file("b"));
    assertEquals(2, new Catalogue(home).all().size());
  }

  /** As of a put and a cancel that run at the same time, each with a catalogue of its own. */
  @Test
  void concurrent_updates_of_several_catalogues_lose_nothing() throws Exception {
    new Catalogue(home).save(file("a"));
    int writers = 8;
    int each = 20;
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        int from = w * each;
        Catalogue own = new Catalogue(home);
        running.add(
            executor.submit(
                () -> {
                  for (int i = from; i < from + each; i++) {
                    StoredFile.StoredDeal more = deal(i);
                    own.update("a", f -> f.plus(more));
                  }
                }));
      }
      for (Future<?> r : running) {
        r.get();
      }
    }
    StoredFile all = new Catalogue(home).find("a").orElseThrow();
    assertEquals(
        writers * each, all.deals().stream().map(StoredFile.StoredDeal::dealId).distinct().count());
  }

  /** As the first release wrote it. */
  @Test
  void an_older_catalogue_is_read_and_written_as_todays() throws IOException {
    Files.writeString(
        home.resolve("files.json"),
        """
        [ {
          "name" : "a",
          "pieceCid" : "cid-of-a",
          "bytes" : 7,
          "complete" : true,
          "deals" : [ {
            "dealId" : "deal-1",
            "miner" : "miner-1",
            "proposal" : "",
            "abandoned" : false
          } ]
        } ]
        """);
    Catalogue catalogue = new Catalogue(home);
    StoredFile a =
        new StoredFile("a", "cid-of-a", 7, null, 1, 1, List.of("cid-of-a"), true, List.of(deal(1)));
    assertEquals(List.of(a), catalogue.all());
    assertTrue(a.isPlain());
    catalogue.save(file("b"));
    assertEquals(List.of(a, file("b")), new Catalogue(home).all());
  }
}
