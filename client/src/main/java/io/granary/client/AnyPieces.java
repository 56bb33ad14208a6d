package io.granary.client;

import io.granary.client.store.StoredFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Fetches as many pieces of a file as give it back, side by side: one that fails is replaced by
 * another, and one that is much slower than the fastest gets a rival.
 */
final class AnyPieces {
  /** How often rivals are thought about. */
  private static final Duration LOOK = Duration.ofSeconds(2);

  /** One that has come so many times less far than the fastest is a straggler. */
  private static final int MUCH = 4;

  private final PieceFetch fetch;

  AnyPieces(PieceFetch fetch) {
    this.fetch = fetch;
  }

  /** Pieces that are on their way, and what may still be asked for. */
  private static final class Race {
    final Map<Future<Integer>, Integer> running = new HashMap<>();
    final Set<Integer> rivalled = new HashSet<>();
    final Set<Integer> done = new TreeSet<>();
    final List<String> reasons = new ArrayList<>();
    final Queue<Integer> spare;

    Race(List<Integer> order) {
      spare = new ArrayDeque<>(order);
    }
  }

  /**
   * Fetches them into files of a folder, named by their numbers; what is there already is gone on
   * from.
   *
   * @param without a piece not to ask for, or -1
   * @return which came; as many as the file has data shards
   * @throws ClientException when too few miners gave theirs
   */
  Set<Integer> run(StoredFile stored, int without, Path folder) {
    Race race = new Race(order(stored, without, folder));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try {
        CompletionService<Integer> ends = new ExecutorCompletionService<>(threads);
        while (race.done.size() < stored.data()) {
          while (race.running.size() + race.done.size() < stored.data() + race.rivalled.size()
              && !race.spare.isEmpty()) {
            begin(race, ends, stored, folder);
          }
          if (race.running.isEmpty()) {
            throw tooFew(stored, race);
          }
          Future<Integer> ended = ends.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
          if (ended == null) {
            race.rivalled.addAll(stragglers(race, folder));
          } else {
            end(race, ended);
          }
        }
        return race.done;
      } finally {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClientException(
          ClientException.Code.INTERRUPTED, "interrupted; run the same get again to go on", e);
    }
  }

  private void begin(Race race, CompletionService<Integer> ends, StoredFile stored, Path folder) {
    int piece = race.spare.remove();
    race.running.put(
        ends.submit(
            () -> {
              fetch.run(stored, piece, folder.resolve(Integer.toString(piece)));
              return piece;
            }),
        piece);
  }

  private static void end(Race race, Future<Integer> ended) throws InterruptedException {
    int piece = java.util.Objects.requireNonNull(race.running.remove(ended));
    race.rivalled.remove(piece);
    try {
      race.done.add(ended.get());
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof ClientException)) {
        throw new IllegalStateException("fetching piece " + piece + " failed", e.getCause());
      }
      race.reasons.add(String.valueOf(e.getCause().getMessage()));
    }
  }

  /** Running pieces of which much less is there than of the one that came furthest. */
  private static Set<Integer> stragglers(Race race, Path folder) {
    long most =
        IntStream.concat(
                race.done.stream().mapToInt(i -> i),
                race.running.values().stream().mapToInt(i -> i))
            .mapToLong(i -> there(folder, i))
            .max()
            .orElse(0);
    Set<Integer> slow = new HashSet<>();
    for (int piece : race.running.values()) {
      if (there(folder, piece) < most / MUCH) {
        slow.add(piece);
      }
    }
    return slow;
  }

  private static long there(Path folder, int piece) {
    return folder.resolve(Integer.toString(piece)).toFile().length();
  }

  /** What is furthest along first, then those with a deal that was not given up, data first. */
  private static List<Integer> order(StoredFile stored, int without, Path folder) {
    return IntStream.range(0, stored.pieces().size())
        .filter(i -> i != without)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingLong(i -> -there(folder, i))
                .thenComparing(
                    i -> stored.dealsOf(i).stream().allMatch(StoredFile.StoredDeal::abandoned)))
        .toList();
  }

  private static ClientException tooFew(StoredFile stored, Race race) {
    return new ClientException(
        ClientException.Code.RETRIEVAL_FAILED,
        "'"
            + stored.name()
            + "' needs any "
            + stored.data()
            + " of its "
            + stored.pieces().size()
            + " pieces, and only "
            + race.done.size()
            + " came; what came is kept, the same get goes on from there: "
            + String.join("; ", race.reasons));
  }
}
