package io.granary.miner.engine;

import io.granary.miner.OperatorLog;
import io.granary.proofs.Hash32;
import io.granary.protocol.grpc.NodeServer;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.grpc.TlsIdentity;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Follows the owner when it changes the node's TLS key, while the node runs (Protocol §8.1): a next
 * key in the folder is shown to clients that ask for it; when the registry says it, it becomes the
 * node's; the key before is shown for a day more, so that a client that read the registry earlier
 * goes on. A key that the registry says is never given up.
 */
public final class TlsRotation {
  /** Longer than a client keeps what it has read in the registry. */
  static final Duration OVERLAP = Duration.ofDays(1);

  private final TlsFolder folder;
  private final NodeServer server;
  private final Clock clock;
  private final OperatorLog log;
  private List<TlsIdentity> shown;
  private Optional<String> failed = Optional.empty();

  /**
   * Shows what is in the folder.
   *
   * @throws IOException when a file cannot be read
   */
  public TlsRotation(TlsFolder folder, NodeServer server, Clock clock, OperatorLog log)
      throws IOException {
    this.folder = folder;
    this.server = server;
    this.clock = clock;
    this.log = log;
    this.shown = folder.all();
    server.show(shown, shown.getFirst().tlsKeyHash());
  }

  /** True when there is more to follow than one key. */
  boolean isUnderWay() {
    return shown.size() > 1 || failed.isPresent() || folder.hasNext();
  }

  /** True when clients who know this key are served. */
  boolean shows(Hash32 tlsKeyHash) {
    return shown.stream().anyMatch(i -> i.tlsKeyHash().equals(tlsKeyHash));
  }

  /** The hash of the node's own key. */
  Hash32 tlsKeyHash() {
    return shown.getFirst().tlsKeyHash();
  }

  /** Goes on as far as what the registry says allows; what fails is tried again. */
  void follow(Hash32 registered) {
    try {
      folder.finishTaking();
      if (is(folder.next(), registered)) {
        folder.takeNext();
        log.tlsKeyTaken(registered, OVERLAP);
      }
      Optional<TlsIdentity> old = folder.old();
      if (old.isPresent()
          && is(Optional.of(folder.current()), registered)
          && clock.instant().isAfter(folder.oldSince().plus(OVERLAP))) {
        folder.dropOld();
        log.tlsKeyDropped(old.get().tlsKeyHash());
      }
      List<TlsIdentity> all = folder.all();
      server.show(all, registered);
      shown = all;
      failed = Optional.empty();
    } catch (IOException e) {
      Optional<String> reason = Optional.of(String.valueOf(e.getMessage()));
      if (!reason.equals(failed)) {
        log.tlsKeyFailed(reason.get());
      }
      failed = reason;
    }
  }

  private static boolean is(Optional<TlsIdentity> identity, Hash32 registered) {
    return identity.filter(i -> i.tlsKeyHash().equals(registered)).isPresent();
  }
}
