package io.granary.contracts.events;

import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.EventStream;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.chain.MarketHistory;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the market's events by polling. Delivers the blocks that have events and the last block
 * of each page; keeps the last delivered ones and, when the chain no longer has one of them,
 * reverts it, newest first. An endpoint that is down is asked again until the subscription is
 * closed.
 */
public final class EventFollower implements EventStream {
  private static final Logger LOG = LoggerFactory.getLogger(EventFollower.class);
  private static final long PAGE = 2_000;
  // Far deeper than any reorg of a network whose block hashes seed proofs.
  private static final int REMEMBERED = 512;

  private final ChainReader chain;
  private final MarketHistory history;
  private final int confirmations;
  private final Duration poll;

  /** Blocks count once {@code confirmations} lie on top of them. */
  public EventFollower(ChainReader chain, MarketHistory history, int confirmations, Duration poll) {
    this.chain = chain;
    this.history = history;
    this.confirmations = confirmations;
    this.poll = poll;
  }

  @Override
  public Subscription follow(BlockNumber from, Listener listener) {
    Run run = new Run(from.value(), listener);
    Thread thread = Thread.ofPlatform().daemon().name("event-follower").start(run);
    return () -> {
      thread.interrupt();
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    };
  }

  private final class Run implements Runnable {
    private final Listener listener;
    private final Deque<BlockRef> applied = new ArrayDeque<>();
    private long next;

    Run(long from, Listener listener) {
      this.next = from;
      this.listener = listener;
    }

    @Override
    public void run() {
      while (!Thread.currentThread().isInterrupted()) {
        try {
          step();
        } catch (ChainUnavailableException e) {
          if (Thread.currentThread().isInterrupted()) {
            return;
          }
          LOG.atWarn()
              .addKeyValue("reason", e.getMessage())
              .log("the chain does not answer; asking again");
        } catch (RuntimeException e) {
          LOG.atError().setCause(e).log("following events failed; trying again");
        }
        try {
          Thread.sleep(poll);
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private void step() {
      revertStale();
      long target = chain.head().number().value() - confirmations;
      while (next <= target) {
        long last = Math.min(target, next + PAGE - 1);
        apply(last);
        next = last + 1;
      }
    }

    private void revertStale() {
      long head = chain.head().number().value();
      while (!applied.isEmpty()) {
        BlockRef newest = applied.getLast();
        if (newest.number().value() <= head && chain.block(newest.number()).equals(newest)) {
          return;
        }
        applied.removeLast();
        listener.reverted(newest);
        next = applied.isEmpty() ? newest.number().value() : applied.getLast().number().value() + 1;
      }
    }

    private void apply(long last) {
      BlockNumber to = new BlockNumber(last);
      Map<BlockNumber, List<MarketEvent>> byBlock =
          history.events(new BlockNumber(next), to).stream()
              .collect(
                  Collectors.groupingBy(e -> e.at().block(), TreeMap::new, Collectors.toList()));
      byBlock.putIfAbsent(to, List.of());
      byBlock.forEach(
          (number, events) -> {
            BlockRef ref = chain.block(number);
            listener.applied(ref, events);
            applied.addLast(ref);
            // What was told is not told again when a later block of the page fails.
            next = number.value() + 1;
            if (applied.size() > REMEMBERED) {
              applied.removeFirst();
            }
          });
    }
  }
}
