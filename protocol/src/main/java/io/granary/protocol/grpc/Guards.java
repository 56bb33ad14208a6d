package io.granary.protocol.grpc;

import java.time.Duration;

/**
 * How long a server waits for its peers.
 *
 * @param call what a unary call without a deadline gets
 * @param longestCall most that a unary call gets, whatever its deadline
 * @param stream most that a stream gets, and what one without a deadline gets
 * @param idle a stream whose peer is awaited for so long, and at most twice so long, is cut off
 */
record Guards(Duration call, Duration longestCall, Duration stream, Duration idle) {
  /** The bounds of {@link Limits}. */
  static final Guards STANDARD =
      new Guards(Limits.CALL, Limits.LONGEST_CALL, Limits.STREAM, Limits.IDLE);
}
