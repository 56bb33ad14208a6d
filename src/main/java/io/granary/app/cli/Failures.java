package io.granary.app.cli;

import io.granary.client.ClientException;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.TxRefusedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** The one place where a failure becomes a line for a person and an exit code for a script. */
public final class Failures implements IExecutionExceptionHandler {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

  /** Trying again may help. */
  public static final int RETRY = 1;

  /** Trying again won't help. */
  public static final int WRONG = 2;

  /** What the contract refuses now and takes later. */
  private static final Set<String> TOO_EARLY =
      Set.of(
          "WithdrawalNotDue",
          "NotOver",
          "NotExpired",
          "SetFrozenUntil",
          "WindowNotOpen",
          "CloseNotDue",
          "MandateTooEarly");

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult result) {
    String message = messageOf(e);
    boolean json =
        result.expandedArgs().contains("--json") || result.originalArgs().contains("--json");
    int code = codeOf(e);
    if (json) {
      line.getOut()
          .println(
              Out.json(
                  java.util.Map.of(
                      "ok", false, "error", nameOf(e), "message", message, "exit", code)));
    } else {
      line.getErr().println("granary: " + message);
    }
    LOG.debug("{} failed", line.getCommandName(), e);
    if (!isExpected(e)) {
      e.printStackTrace(line.getErr());
    }
    return code;
  }

  private static String messageOf(Exception e) {
    // The JDK's has the path and nothing else.
    return e instanceof NoSuchFileException missing
        ? "there is no file " + missing.getFile() + ": check its path"
        : String.valueOf(e.getMessage());
  }

  private static boolean isExpected(Exception e) {
    return e instanceof ClientException
        || e instanceof ChainUnavailableException
        || e instanceof TxRefusedException
        || e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof IllegalArgumentException;
  }

  private static String nameOf(Exception e) {
    return switch (e) {
      case ClientException c -> c.code().name();
      case TxRefusedException t -> t.refusal().error();
      case ChainUnavailableException c -> "CHAIN_UNAVAILABLE";
      default -> e.getClass().getSimpleName();
    };
  }

  private static int codeOf(Exception e) {
    return switch (e) {
      case ChainUnavailableException c -> RETRY;
      case TxRefusedException t -> TOO_EARLY.contains(t.refusal().error()) ? RETRY : WRONG;
      case ClientException c ->
          switch (c.code()) {
            case NOT_ENOUGH_MINERS, RETRIEVAL_FAILED, INTERRUPTED, RENEW_LATER -> RETRY;
            case BAD_FILE,
                BAD_KEY,
                INSUFFICIENT_ESCROW,
                UNKNOWN_FILE,
                UNKNOWN_DEAL,
                NOT_CANCELLABLE,
                NOT_RENEWED,
                NOT_HANDED_OVER ->
                WRONG;
          };
      case UncheckedIOException u -> RETRY;
      case IOException i -> WRONG;
      default -> WRONG;
    };
  }
}
