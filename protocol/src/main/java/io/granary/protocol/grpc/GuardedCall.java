package io.granary.protocol.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * A call that its handler and the guard's timer both use: one at a time, and whoever closes it
 * first closes it. Counts, so that the timer can tell a peer that is awaited from a handler at
 * work.
 */
final class GuardedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
  /** Longer texts, which may repeat what the peer sent, would not fit into the peer's headers. */
  private static final int MAX_DESCRIPTION = 500;

  private boolean closed;
  private boolean cut;
  private long requested;
  private long received;
  private long bytes;
  private long sent;
  private boolean halfClosed;
  private boolean wasAwaited;
  private long sentBefore;
  private long bytesBefore;

  GuardedCall(ServerCall<Q, A> call) {
    super(call);
  }

  @Override
  public void request(int messages) {
    synchronized (this) {
      requested += messages;
    }
    super.request(messages);
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!closed) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(A message) {
    if (!closed) {
      sent++;
      super.sendMessage(message);
    }
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (!closed) {
      closed = true;
      super.close(shortened(status), trailers);
    }
  }

  private static Status shortened(Status status) {
    String text = status.getDescription();
    return text == null || text.length() <= MAX_DESCRIPTION
        ? status
        : status.withDescription(text.substring(0, MAX_DESCRIPTION) + "…");
  }

  /** Closes it over the handler's head; false when it was closed already. */
  synchronized boolean cut(Status status) {
    if (closed) {
      return false;
    }
    cut = true;
    close(status, new Metadata());
    return true;
  }

  /**
   * The transport has ended it: a handler that closes it all the same, as gRPC's own reflection
   * does, would send a second end, at which HTTP/2 ends the whole connection.
   */
  synchronized void ended() {
    closed = true;
  }

  /** True when the handler was not the one who closed it. */
  synchronized boolean wasCut() {
    return cut;
  }

  /** Counts a message of the peer, and tells how many it sent by now. */
  synchronized long received(long size) {
    bytes += size;
    return ++received;
  }

  /** Notes that the peer sends no more, and tells how many messages it sent. */
  synchronized long halfClosed() {
    halfClosed = true;
    return received;
  }

  /**
   * True when, since the last time it was asked, the peer was awaited, nothing was sent to it, and
   * fewer bytes came than were to.
   */
  synchronized boolean isStuck(long leastBytes) {
    boolean awaited = halfClosed ? !isReady() : requested > received;
    boolean moved = sent > sentBefore || bytes - bytesBefore >= leastBytes;
    boolean stuck = awaited && wasAwaited && !moved;
    wasAwaited = awaited;
    sentBefore = sent;
    bytesBefore = bytes;
    return stuck && !closed;
  }
}
