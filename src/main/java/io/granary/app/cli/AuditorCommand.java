package io.granary.app.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.node.Endpoints;
import io.granary.app.node.Nodes;
import io.granary.app.node.UntilStopped;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code granary auditor}. */
@Command(
    name = "auditor",
    description = "Run an auditor that miners push their proofs to.",
    subcommands = {
      AuditorCommand.Init.class,
      AuditorCommand.Run.class,
      AuditorCommand.Status.class
    },
    mixinStandardHelpOptions = true)
public final class AuditorCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException("say what to do: granary auditor init, run or status");
  }

  static class Place {
    @Mixin Common common = new Common();

    @Option(
        names = "--auditor-home",
        paramLabel = "DIR",
        description = "Folder of the auditor (default: auditor in the home).")
    @Nullable Path auditorHome;

    Path place() {
      return auditorHome == null ? common.home().resolve("auditor") : auditorHome;
    }
  }

  /** {@code granary auditor init}. */
  @Command(name = "init", description = "Make a TLS key and register the wallet as an auditor.")
  public static final class Init extends Place implements Callable<Integer> {
    @Option(
        names = "--endpoint",
        paramLabel = "HOST:PORT",
        required = true,
        description = "What miners are told.")
    String endpoint = "";

    @Override
    public Integer call() throws IOException {
      Endpoints.parse(endpoint);
      EthKey key = common.wallet();
      TlsIdentity tls = TlsIdentity.loadOrCreate(place());
      try (GranaryChain chain = common.connect(Optional.of(key))) {
        chain.actions().registerAuditor(endpoint, tls.tlsKeyHash()).orThrow();
      }
      common.print(
          Map.of("ok", true, "auditor", key.address().toString(), "endpoint", endpoint),
          out ->
              out.println(
                  "✓ registered auditor "
                      + key.address()
                      + " at "
                      + endpoint
                      + "; start it with 'granary auditor run'"));
      return 0;
    }
  }

  /** {@code granary auditor run}. */
  @Command(name = "run", description = "Run the auditor until stopped (SIGTERM).")
  public static final class Run extends Place implements Callable<Integer> {
    @Option(
        names = "--listen",
        paramLabel = "HOST:PORT",
        defaultValue = "127.0.0.1:7430",
        description = "What it binds (default: ${DEFAULT-VALUE}).")
    String listen = "";

    @Option(
        names = "--dispute",
        description =
            "Dispute a leaf that is sealed wrong on chain at once; costs gas and earns nothing. Without it the evidence is kept, and the log names the command.")
    boolean dispute;

    @Override
    public Integer call() throws IOException, InterruptedException {
      EthKey key = common.wallet();
      AutoCloseable node =
          Nodes.startAuditor(place(), common.chainConfig(), key, Endpoints.parse(listen), dispute);
      common
          .out()
          .println("auditor " + key.address() + " runs at " + listen + "; stop it with Ctrl-C");
      common.out().flush();
      UntilStopped.run(node);
      return 0;
    }
  }

  /** {@code granary auditor status}. */
  @Command(name = "status", description = "What the running auditor has seen.")
  public static final class Status extends Place implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
      Path file = place().resolve("status.json");
      if (!Files.isRegularFile(file)) {
        throw new IOException(
            file + " is missing: the auditor has not run yet; start it with 'granary auditor run'");
      }
      JsonNode status = new ObjectMapper().readTree(file.toFile());
      common.print(
          status,
          out ->
              status
                  .properties()
                  .forEach(
                      e ->
                          out.println(
                              String.format("%-10s %s", e.getKey(), e.getValue().asText()))));
      return 0;
    }
  }
}
