package io.granary.protocol.grpc;

import java.time.Duration;

/**
 * How long a server waits for its peers, and how many it takes.
 *
 * @param call what a unary call without a deadline gets
 * @param longestCall most that a unary call gets, whatever its deadline
 * @param stream most that a stream gets, and what one without a deadline gets
 * @param idle a stream whose peer is awaited for so long, and at most twice so long, is cut off
 * @param idleBytes a peer that sends less within {@code idle} counts as one that sends nothing
 * @param handshake time for a TLS handshake
 * @param connectionIdle a connection without a call is closed after so long
 * @param connections most at a time
 * @param connectionsPerAddress most at a time from one address
 */
record Guards(
    Duration call,
    Duration longestCall,
    Duration stream,
    Duration idle,
    long idleBytes,
    Duration handshake,
    Duration connectionIdle,
    int connections,
    int connectionsPerAddress) {
  /** The bounds of {@link Limits}. */
  static final Guards STANDARD =
      new Guards(
          Limits.CALL,
          Limits.LONGEST_CALL,
          Limits.STREAM,
          Limits.IDLE,
          Limits.IDLE_BYTES,
          Limits.HANDSHAKE,
          Limits.CONNECTION_IDLE,
          Limits.CONNECTIONS,
          Limits.CONNECTIONS_PER_ADDRESS);
}
