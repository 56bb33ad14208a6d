package io.granary.protocol.grpc;

import java.time.Duration;

/** Bounds of the wire (Protocol §8.1). */
public final class Limits {
  /** Largest message, bytes. */
  public static final int MESSAGE_BYTES = 4 << 20;

  /** HTTP/2 flow-control window, bytes; a smaller one halves the speed of transfers. */
  public static final int FLOW_WINDOW = 8 << 20;

  /**
   * What a server grants a connection at first: it grows to {@link #FLOW_WINDOW} with what the line
   * carries, so that a thousand peers that only promise do not hold a thousand such windows.
   */
  public static final int FIRST_WINDOW = 1 << 20;

  /** Deadline of a unary call, when its caller sets no other one. */
  public static final Duration CALL = Duration.ofSeconds(30);

  /** Most that a server gives a unary call, whatever deadline it came with. */
  public static final Duration LONGEST_CALL = Duration.ofMinutes(5);

  /** Deadline of a stream, after which its caller begins it anew where it stopped. */
  public static final Duration STREAM = Duration.ofHours(1);

  /** A stream whose peer sends nothing for so long is cut off. */
  public static final Duration IDLE = Duration.ofSeconds(60);

  /**
   * Least bytes of a stream that an awaited peer sends within {@link #IDLE}: some 4 KiB a second.
   * One that sends less keeps a place from others.
   */
  public static final long IDLE_BYTES = 256 << 10;

  /** Time in which a connection's TLS handshake must be done. */
  public static final Duration HANDSHAKE = Duration.ofSeconds(10);

  /** A connection on which no call runs for so long is closed. */
  public static final Duration CONNECTION_IDLE = Duration.ofMinutes(2);

  /** Connections of a server, at most; more are closed before they cost anything. */
  public static final int CONNECTIONS = 1024;

  /** Of these from one address, at most, so that no single host has all of them. */
  public static final int CONNECTIONS_PER_ADDRESS = CONNECTIONS / 2;

  /** How far ahead a call's authentication may expire. */
  public static final Duration AUTH_MAX = Duration.ofSeconds(120);

  private Limits() {}
}
