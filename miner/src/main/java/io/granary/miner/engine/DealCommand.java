package io.granary.miner.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.FilterPolicy;
import io.granary.miner.OperatorLog;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Asks a program of the operator's about a proposal. It gets one JSON object on its standard input;
 * exit code 0 takes the deal, any other refuses it, and the first line of its standard error is the
 * reason that the client is told. No shell is involved.
 */
final class DealCommand {
  // A flood of proposals starts no more processes than these.
  private static final int AT_A_TIME = 4;
  private static final int MAX_REASON_BYTES = 300;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<String> command;
  private final Duration deadline;
  private final Path home;
  private final SigningDomain domain;
  private final OperatorLog log;
  private final Semaphore free = new Semaphore(AT_A_TIME);

  /**
   * Of one miner.
   *
   * @param home working directory of the program
   */
  DealCommand(FilterPolicy policy, Path home, SigningDomain domain, OperatorLog log) {
    this.command = policy.command();
    this.deadline = policy.commandDeadline();
    this.home = home;
    this.domain = domain;
    this.log = log;
  }

  /** Empty when the program takes the deal, or there is none. */
  Optional<Refusal> refuse(DealId id, DealProposal proposal) {
    if (command.isEmpty()) {
      return Optional.empty();
    }
    if (!free.tryAcquire()) {
      return no("BUSY", "this miner looks at other proposals just now; come back in a minute");
    }
    try {
      return run(JSON.writeValueAsBytes(described(id, proposal)));
    } catch (IOException e) {
      return failed("cannot be run: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return no("BUSY", "this miner is stopping; ask another");
    } finally {
      free.release();
    }
  }

  private Optional<Refusal> run(byte[] input) throws IOException, InterruptedException {
    // A file, because whoever reads a pipe to its end waits for every child that keeps it open.
    Path said = Files.createTempFile(home, "deal-command", ".err");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(home.toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(said.toFile())
              .start();
      try {
        tell(process, input);
        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
          return failed("took longer than " + deadline.toSeconds() + " s and was ended");
        }
        return process.exitValue() == 0 ? Optional.empty() : no("FILTER", reason(said));
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } finally {
      Files.deleteIfExists(said);
    }
  }

  /** Less than a pipe holds, so this waits for nobody. */
  private static void tell(Process process, byte[] input) {
    try (OutputStream out = process.getOutputStream()) {
      out.write(input);
    } catch (IOException e) {
      // It may decide without reading: what counts is how it ends.
    }
  }

  private static String reason(Path said) throws IOException {
    try (InputStream in = Files.newInputStream(said)) {
      String line =
          new String(in.readNBytes(MAX_REASON_BYTES), StandardCharsets.UTF_8)
              .lines()
              .findFirst()
              .orElse("")
              .replaceAll("\\p{Cntrl}", " ")
              .strip();
      return line.isEmpty() ? "this miner's operator does not take this deal; ask another" : line;
    }
  }

  private Optional<Refusal> failed(String why) {
    log.dealCommandFailed(command.getFirst() + " " + why);
    return no(
        "FILTER_FAILED",
        "this miner could not look at the proposal; come back later, or ask another");
  }

  private static Optional<Refusal> no(String code, String message) {
    return Optional.of(new Refusal(code, message, "", ""));
  }

  /** As docs/configuration.md lists it; amounts are text, for they pass 2^53. */
  private Map<String, Object> described(DealId id, DealProposal p) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("chainId", domain.chainId());
    v.put("market", domain.market().toString());
    v.put("dealId", id.toString());
    v.put("client", p.client().toString());
    v.put("miner", p.miner().toString());
    v.put("auditor", p.auditor().toString());
    v.put("pieceRoot", "0x" + p.pieceRoot().toHex());
    v.put("bytes", p.size().bytes());
    v.put("periods", p.periods());
    v.put("price", p.price().units().toString());
    v.put("collateral", p.collateral().units().toString());
    v.put("publishBy", p.publishBy().value());
    v.put("activateBy", p.activateBy().value());
    v.put("replaces", p.predecessor().map(DealId::toString).orElse(null));
    return v;
  }
}
