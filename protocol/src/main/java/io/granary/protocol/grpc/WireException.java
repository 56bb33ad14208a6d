package io.granary.protocol.grpc;

/** A message that is no valid message of this protocol; answered with INVALID_ARGUMENT. */
public final class WireException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** With the field, its value and what would do. */
  public WireException(String message) {
    super(message);
  }
}
