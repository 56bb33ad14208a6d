package io.granary.protocol.grpc;

import java.time.Duration;

/** Bounds of the wire (Protocol §8.1). */
public final class Limits {
  /** Largest message, bytes. */
  public static final int MESSAGE_BYTES = 4 << 20;

  /** HTTP/2 flow-control window, bytes; a smaller one halves the speed of transfers. */
  public static final int FLOW_WINDOW = 8 << 20;

  /** Deadline of a unary call, when its caller sets no other one. */
  public static final Duration CALL = Duration.ofSeconds(30);

  /** Most that a server gives a unary call, whatever deadline it came with. */
  public static final Duration LONGEST_CALL = Duration.ofMinutes(5);

  /** Deadline of a stream, after which its caller begins it anew where it stopped. */
  public static final Duration STREAM = Duration.ofHours(1);

  /** A stream whose peer sends nothing for so long is cut off. */
  public static final Duration IDLE = Duration.ofSeconds(60);

  /** How far ahead a call's authentication may expire. */
  public static final Duration AUTH_MAX = Duration.ofSeconds(120);

  private Limits() {}
}
