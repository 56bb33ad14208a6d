package io.granary.contracts.rpc;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.Response;

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

  static RpcErrorException of(Response.Error error) {
    return new RpcErrorException(
        error.getCode(), String.valueOf(error.getMessage()), error.getData());
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
    return code == 429 || code == -32005;
  }

  /** True when a call reverted. */
  public boolean isRevert() {
    return code == 3 || text().contains("revert");
  }

  /**
   * Of a transaction that was sent: true when the endpoint has it already, has a better one under
   * its nonce, or has mined the nonce. What became of it is found out by asking.
   */
  public boolean mayBeThereAlready() {
    String text = text();
    return text.contains("nonce too low")
        || text.contains("already known")
        || text.contains("already imported")
        || text.contains("underpriced");
  }

  private String text() {
    return String.valueOf(getMessage()).toLowerCase(Locale.ROOT);
  }
}
