package io.granary.app.cli;

import io.granary.app.node.Nodes;
import io.granary.app.node.Passwords;
import io.granary.client.ClientConfig;
import io.granary.client.ClientPorts;
import io.granary.client.GranaryClient;
import io.granary.contracts.ChainConfig;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.keys.Keystores;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.crypto.EthKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that every command understands, and what they open. */
public class Common {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description = "Folder of wallet, files and settings (default: ~/.granary).")
  @Nullable Path home;

  @Option(
      names = "--deployment",
      paramLabel = "FILE",
      description =
          "Which market: the file its deployer handed out (default: deployment.json in the home).")
  @Nullable Path deployment;

  @Option(
      names = "--rpc",
      paramLabel = "URL[,URL…]",
      description = {
        "JSON-RPC endpoint (default: the deployment's).",
        "Several, the preferred one first: reads fail over, and what a proof rests on is what a majority says."
      })
  // Text, because picocli would show a URL that it cannot use, with the key that is in it.
  @Nullable String rpc;

  @Option(
      names = "--password-file",
      paramLabel = "FILE",
      description =
          "File with the password of the key file (default: ask; 'password' in the home if it exists).")
  @Nullable Path passwordFile;

  @Option(names = "--json", description = "Print one JSON object instead of text.")
  boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Spec(Spec.Target.MIXEE)
  @Nullable CommandSpec spec;

  PrintWriter out() {
    return spec == null ? new PrintWriter(System.out, true) : spec.commandLine().getOut();
  }

  Path home() {
    return home == null ? Defaults.home() : home;
  }

  Path walletFile() {
    return home().resolve("wallet.json");
  }

  Deployment market() throws IOException {
    Path file = deployment == null ? home().resolve("deployment.json") : deployment;
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          "no market is known: "
              + file
              + " is missing. Copy the deployment file of your market there, or start a local one with 'granary devnet up'");
    }
    return Deployment.load(file);
  }

  ChainConfig chainConfig() throws IOException {
    return Nodes.chainConfig(market(), endpoints());
  }

  /** Those of {@code --rpc}; empty when it is not said. */
  Optional<RpcEndpoints> endpoints() {
    return Optional.ofNullable(rpc).map(RpcEndpoints::parse);
  }

  GranaryChain connect(Optional<EthKey> key) throws IOException {
    return GranaryChain.connect(chainConfig(), key);
  }

  EthKey wallet() throws IOException {
    return Keystores.load(
        walletFile(), Passwords.read(home(), Optional.ofNullable(passwordFile), false));
  }

  String newPassword() throws IOException {
    return Passwords.read(home(), Optional.ofNullable(passwordFile), true);
  }

  static GranaryClient client(GranaryChain chain, EthKey key, ClientConfig config)
      throws IOException {
    return new GranaryClient(
        new ClientPorts(
            chain.queries(), chain.queries(), chain.actions(), chain.queries(), chain.queries()),
        key,
        config);
  }

  /** Prints the object as JSON, or runs the text. */
  void print(Object value, java.util.function.Consumer<PrintWriter> text) {
    if (json) {
      out().println(Out.json(value));
    } else {
      text.accept(out());
    }
    out().flush();
  }
}
