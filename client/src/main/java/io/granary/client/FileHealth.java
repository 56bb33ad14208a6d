package io.granary.client;

import io.granary.client.store.StoredFile;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.values.BlockNumber;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the chain says of a file's pieces.
 *
 * @param file the file
 * @param live active deals of each piece
 * @param until the last block in which as many pieces are held as give the file back, if no deal is
 *     renewed and none is lost; empty when there are too few now
 */
public record FileHealth(StoredFile file, List<Integer> live, Optional<BlockNumber> until) {
  /** How a file is. */
  public enum State {
    /** Every piece has its deals. */
    WHOLE,
    /** Some have not, and the file can be read; {@code repair} makes it whole. */
    WEAKENED,
    /** Fewer are held than give it back; a get may still find them. */
    LOST
  }

  static FileHealth of(StoredFile file, ClientPorts ports) {
    List<Integer> live = new ArrayList<>();
    List<Long> ends = new ArrayList<>();
    for (int piece = 0; piece < file.pieces().size(); piece++) {
      List<Long> held =
          file.dealsOf(piece).stream()
              .map(d -> ListedDeal.of(file, d, ports))
              .flatMap(d -> d.onChain().stream())
              .filter(d -> d.state() == DealState.ACTIVE)
              .map(d -> lastBlock(d, ports))
              .toList();
      live.add(held.size());
      held.stream().max(Comparator.naturalOrder()).ifPresent(ends::add);
    }
    ends.sort(Comparator.reverseOrder());
    return new FileHealth(
        file,
        live,
        ends.size() < file.data()
            ? Optional.empty()
            : Optional.of(new BlockNumber(ends.get(file.data() - 1))));
  }

  private static long lastBlock(DealSnapshot deal, ClientPorts ports) {
    return ports.reader().clock(deal.miner()).periodEnd(deal.end().index() - 1);
  }

  /** How many pieces are held by somebody. */
  public int held() {
    return (int) live.stream().filter(n -> n > 0).count();
  }

  /** The one word for it. */
  public State state() {
    if (until.isEmpty()) {
      return State.LOST;
    }
    return live.stream().allMatch(n -> n >= file.copies()) ? State.WHOLE : State.WEAKENED;
  }
}
