package io.granary.contracts.rpc;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The endpoint answered with an error; for a call that reverted, with the revert data. */
public final class RpcErrorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final @Nullable String data;

  RpcErrorException(int code, String message, @Nullable String data) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** JSON-RPC error code. */
  public int code() {
    return code;
  }

  /** Revert data in hex, if the error is a revert. */
  public Optional<String> revertData() {
    // Some nodes wrap the hex in quotes or in a word of text.
    String text = data == null ? "" : data.replace("\"", "");
    int at = text.indexOf("0x");
    return at < 0 ? Optional.empty() : Optional.of(text.substring(at));
  }

  /**
   * True when the endpoint had no time: it says nothing of what was asked. Only for {@code
   * eth_getLogs} some use the same code for answers that would be too large.
   */
  public boolean isBusy() {
    return code == -32005 || code == 429;
  }

  /** True when a call reverted. */
  public boolean isRevert() {
    String message = String.valueOf(getMessage()).toLowerCase(java.util.Locale.ROOT);
    return code == 3 || message.contains("revert");
  }
}
