package io.granary.contracts.devnet;

import io.granary.contracts.rpc.Rpc;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import java.io.File;
import java.io.IOException;
import java.math.BigInteger;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * A local chain: the anvil that npm installs under {@code contracts/}, on a loopback port, killed
 * on close.
 */
public final class Anvil implements AutoCloseable {
  /** Chain id of local chains. */
  public static final long CHAIN_ID = 31_337;

  /**
   * Secret of the first account of anvil's well-known mnemonic, which every local chain makes rich.
   */
  private static final String FIRST_SECRET =
      "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** How many blocks back a local chain can be asked for its state, or rolled back. */
  private static final int KEPT_STATES = 1_000;

  private final Process process;
  private final URI endpoint;
  private final Rpc rpc;

  private Anvil(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
    this.rpc = new Rpc(endpoint);
  }

  /** How a chain makes blocks. */
  public sealed interface Mining {
    /** One for each transaction, and when told. */
    record Instant() implements Mining {}

    /** At an interval. */
    record Every(Duration interval) implements Mining {}

    /** Only when told. */
    record Manual() implements Mining {}
  }

  /**
   * Where npm put the binary.
   *
   * @param root the project's folder
   * @throws IOException when it is not there
   */
  public static Path binary(Path root) throws IOException {
    Path packages = root.resolve("contracts/node_modules/@foundry-rs");
    // The native program itself: npm's own command is a script that would leave it running when it
    // is killed.
    if (Files.isDirectory(packages)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(packages, "anvil-*")) {
        for (Path folder : found) {
          Path binary = folder.resolve("bin/anvil");
          if (Files.isExecutable(binary)) {
            return binary;
          }
        }
      }
    }
    throw new IOException(
        "the local chain is not installed below "
            + packages
            + ": run 'npm ci' in "
            + root.resolve("contracts"));
  }

  /**
   * Starts a chain and waits until it answers.
   *
   * @param port 0 for a free one
   * @param log file that takes what it prints
   */
  public static Anvil start(Path binary, int port, Mining mining, Path log) throws IOException {
    int chosen = freePort(port);
    List<String> command =
        new ArrayList<>(
            List.of(binary.toString(), "--host", "127.0.0.1", "--port", Integer.toString(chosen)));
    command.addAll(
        List.of(
            "--chain-id",
            Long.toString(CHAIN_ID),
            "--hardfork",
            "osaka",
            "--silent",
            // Else it keeps old states in files that stay there when it is killed (gigabytes after
            // a
            // few test runs), and a roll-back to a block whose state went to a file loses it.
            "--prune-history",
            Integer.toString(KEPT_STATES),
            "--cache-path",
            log.resolveSibling("states").toString(),
            "--accounts",
            "1"));
    switch (mining) {
      case Mining.Instant i -> {}
      case Mining.Every e ->
          command.addAll(
              List.of(
                  "--block-time",
                  String.format(Locale.ROOT, "%.3f", e.interval().toMillis() / 1000.0)));
      case Mining.Manual m -> command.add("--no-mining");
    }
    Files.createDirectories(log.toAbsolutePath().getParent());
    File out = log.toFile();
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(out))
            .start();
    Anvil anvil = new Anvil(process, URI.create("http://127.0.0.1:" + chosen));
    try {
      anvil.awaitReady(chosen, log);
      return anvil;
    } catch (IOException | RuntimeException e) {
      anvil.close();
      throw e;
    }
  }

  /**
   * Takes the port for a moment: a chain that is there already would answer in place of the new
   * one.
   */
  private static int freePort(int wanted) throws IOException {
    try (ServerSocket socket = new ServerSocket(wanted, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (BindException e) {
      throw new IOException(
          "port " + wanted + " is taken: stop what uses the port, or choose another with --port",
          e);
    }
  }

  private void awaitReady(int port, Path log) throws IOException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (true) {
      if (!process.isAlive()) {
        throw new IOException(
            "the local chain did not start on port "
                + port
                + " (exit "
                + process.exitValue()
                + "; log "
                + log
                + "): stop what uses the port, or choose another");
      }
      try {
        rpc.send(rpc.web3j().ethChainId());
        return;
      } catch (ChainUnavailableException notYet) {
        if (Instant.now().isAfter(limit)) {
          throw new IOException(
              "the local chain did not answer within " + START_LIMIT.toSeconds() + " s; log " + log,
              notYet);
        }
      }
    }
  }

  /** Its endpoint. */
  public URI endpoint() {
    return endpoint;
  }

  /** Process id. */
  public long pid() {
    return process.pid();
  }

  /** An account rich in ether on every local chain. */
  public static EthKey richKey() {
    return EthKey.of(HexFormat.of().parseHex(FIRST_SECRET));
  }

  /** Gives an account ether. */
  public void giveEther(Address account, long ether) {
    giveEther(rpc, account, ether);
  }

  /** Gives an account of a local chain ether. */
  public static void giveEther(Rpc rpc, Address account, long ether) {
    BigInteger wei = BigInteger.valueOf(ether).multiply(BigInteger.TEN.pow(18));
    rpc.ask("anvil_setBalance", List.of(account.toString(), "0x" + wei.toString(16)));
  }

  /** Makes so many blocks now. */
  public void mine(int blocks) {
    rpc.ask("anvil_mine", List.of("0x" + Integer.toHexString(blocks)));
  }

  /** Any method of anvil's own. */
  public Object ask(String method, List<?> parameters) {
    return rpc.ask(method, parameters).orElse("");
  }

  @Override
  public void close() {
    rpc.close();
    process.destroyForcibly();
    process.onExit().join();
  }
}
