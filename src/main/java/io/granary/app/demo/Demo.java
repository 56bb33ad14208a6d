package io.granary.app.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.app.node.Devnets;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.auditor.replay.AuditReport;
import io.granary.auditor.replay.ChainAudit;
import io.granary.client.ClientConfig;
import io.granary.client.ClientPorts;
import io.granary.client.FileHealth;
import io.granary.client.GranaryClient;
import io.granary.client.Progress;
import io.granary.client.Redundancy;
import io.granary.client.store.StoredFile;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.devnet.Faucet;
import io.granary.contracts.keys.Keystores;
import io.granary.protocol.chain.MarketEvent;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.deal.DealSnapshot;
import io.granary.protocol.deal.DealState;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import io.granary.protocol.values.TokenAmount;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The whole market once through: a chain, four miners and an auditor as processes of their own,
 * files stored encrypted in shards of which any two of three give them back, periods proved, one
 * miner's bytes destroyed, its deal terminated, the files back bit for bit, everything settled and
 * audited.
 */
public final class Demo {
  private static final int MINERS = 4;
  private static final Redundancy SHARDS = Redundancy.shards(2, 1);
  // Long enough for five good periods, a loss, and the misses that end a deal; short enough to
  // watch to the end.
  private static final long PERIODS = 10;
  private static final int GOOD_PERIODS = 5;
  // To the end of the others, or a little longer.
  private static final long PERIODS_OF_REPAIR = 3;
  private static final Duration BLOCK_TIME = Duration.ofMillis(400);
  private static final Duration LIMIT = Duration.ofMinutes(6);
  private static final String PASSWORD = "demo";

  private final Path dir;
  private final PrintWriter out;
  private final boolean keep;
  private final Map<String, Double> seconds = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final List<MinerHome> miners = new ArrayList<>();
  private Instant phaseBegan = Instant.now();

  /** In a folder of its own. */
  public Demo(Path dir, PrintWriter out, boolean keep) {
    this.dir = dir;
    this.out = out;
    this.keep = keep;
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }

  private void phase(String name) {
    Instant now = Instant.now();
    seconds.merge(name, Duration.between(phaseBegan, now).toMillis() / 1000.0, Double::sum);
    phaseBegan = now;
  }

  /** Runs it with these files. */
  public DemoReport run(List<Path> files) throws IOException, InterruptedException {
    Devnets.Devnet net = Devnets.start(dir, 0, BLOCK_TIME);
    try (Children children = new Children()) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stopChain(net), "stop-chain"));
      say("✓ local chain at " + net.deployment().rpc() + ", market " + net.deployment().market());
      phase("chain and contracts");
      EthKey client = EthKey.generate();
      EthKey auditor = EthKey.generate();
      startNodes(net.deployment(), children, client, auditor);
      phase("miners and auditor");
      try (GranaryChain chain =
          GranaryChain.connect(net.deployment().config().forDevnet(), Optional.of(client))) {
        DemoReport report = live(chain, client, auditor.address(), files);
        if (keep) {
          children.keep();
          sayHowToUse(net, children);
        }
        return report;
      }
    } finally {
      stopChain(net);
    }
  }

  private void stopChain(Devnets.Devnet net) {
    if (!keep) {
      net.chain().close();
    }
  }

  private void sayHowToUse(Devnets.Devnet net, Children children) {
    say("");
    say("The market keeps running. Use it:");
    say("  export GRANARY_HOME=" + dir.resolve("client"));
    say("  ./granary wallet show;  ./granary put FILE;  ./granary deal list;  ./granary audit");
    say(
        "Stop it: kill "
            + String.join(
                " ",
                Stream.concat(children.pids().stream(), Stream.of(net.chain().pid()))
                    .map(String::valueOf)
                    .toList()));
  }

  // ---------------------------------------------------------------- set-up

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void startNodes(Deployment deployment, Children children, EthKey client, EthKey auditor)
      throws IOException, InterruptedException {
    writeHome("client", client, deployment);
    writeHome("auditor", auditor, deployment);
    try (Faucet faucet = new Faucet(deployment.rpc(), deployment.token())) {
      faucet.give(client.address(), 10, TokenAmount.parseTokens("10000"));
      faucet.give(auditor.address(), 10, TokenAmount.ZERO);
      for (int i = 0; i < MINERS; i++) {
        prepareMiner(deployment, faucet, "miner-" + (i + 1), 1_000_000_000L + i * 50_000_000L);
      }
    }
    List<Process> processes = new ArrayList<>();
    for (MinerHome home : miners) {
      processes.add(
          children.start(
              log(home.dir().getFileName().toString()),
              "miner",
              "run",
              "--miner-home",
              home.dir().toString()));
    }
    Path auditorHome = dir.resolve("auditor");
    String endpoint = "127.0.0.1:" + freePort();
    try (GranaryChain chain =
        GranaryChain.connect(deployment.config().forDevnet(), Optional.of(auditor))) {
      chain
          .actions()
          .registerAuditor(
              endpoint, TlsIdentity.loadOrCreate(auditorHome.resolve("auditor")).tlsKeyHash())
          .orThrow();
    }
    Process auditing =
        children.start(
            log("auditor"),
            "auditor",
            "run",
            "--home",
            auditorHome.toString(),
            "--listen",
            endpoint);
    for (int i = 0; i < MINERS; i++) {
      Children.awaitFile(
          processes.get(i),
          miners.get(i).statusFile(),
          log(miners.get(i).dir().getFileName().toString()));
    }
    Children.awaitFile(auditing, auditorHome.resolve("auditor/status.json"), log("auditor"));
    say(
        "✓ "
            + MINERS
            + " miners and an auditor run as processes of their own, TLS keys pinned in the registry");
  }

  private Path log(String name) {
    return dir.resolve("logs").resolve(name + ".log");
  }

  private void writeHome(String name, EthKey key, Deployment deployment) throws IOException {
    Path home = dir.resolve(name);
    Files.createDirectories(home);
    deployment.save(home.resolve("deployment.json"));
    Files.writeString(home.resolve("password"), PASSWORD);
    Keystores.save(key, PASSWORD, home.resolve("wallet.json"), Keystores.Strength.LIGHT);
  }

  private void prepareMiner(Deployment deployment, Faucet faucet, String name, long price)
      throws IOException {
    EthKey owner = EthKey.generate();
    faucet.give(owner.address(), 10, TokenAmount.parseTokens("10000"));
    MinerHome home = new MinerHome(dir.resolve(name));
    Files.createDirectories(home.dir());
    Files.writeString(home.dir().resolve("password"), PASSWORD);
    String endpoint = "127.0.0.1:" + freePort();
    MinerSettings settings =
        MinerSettings.of(
                owner.address().toString(), endpoint, endpoint, 8L << 30, price, 30_000_000_000L)
            // The story is that of a miner that does nothing about its loss.
            .withDeclareFaults(false);
    EthKey operator = home.create(settings, deployment, PASSWORD, Keystores.Strength.LIGHT);
    faucet.give(operator.address(), 10, TokenAmount.ZERO);
    try (GranaryChain chain =
        GranaryChain.connect(deployment.config().forDevnet(), Optional.of(owner))) {
      chain
          .actions()
          .register(
              operator.address(),
              TokenAmount.parseTokens("100"),
              endpoint,
              home.tls().tlsKeyHash(),
              settings.price())
          .orThrow();
      chain.actions().deposit(TokenAmount.parseTokens("5000")).orThrow();
    }
    miners.add(home);
  }

  // ---------------------------------------------------------------- the story

  private DemoReport live(GranaryChain chain, EthKey wallet, Address auditor, List<Path> files)
      throws IOException, InterruptedException {
    ClientConfig config =
        ClientConfig.defaults(dir.resolve("client")).with(SHARDS, PERIODS, Optional.of(auditor));
    ClientPorts ports =
        new ClientPorts(
            chain.queries(), chain.queries(), chain.actions(), chain.queries(), chain.queries());
    GranaryClient client = new GranaryClient(ports, wallet, config);
    chain.actions().deposit(TokenAmount.parseTokens("1000")).orThrow();
    say("✓ the client deposited 1000 tokens with one signed permit");
    List<StoredFile> stored = new ArrayList<>();
    long bytes = 0;
    for (Path file : files) {
      stored.add(client.put(file, this::tell));
      bytes += Files.size(file);
    }
    say(
        "✓ stored: "
            + stored.size()
            + " files, encrypted, shards "
            + SHARDS
            + ", every replica opened on chain");
    phase("put");
    Set<DealId> deals = new HashSet<>();
    stored.forEach(f -> deals.addAll(dealsOf(f)));
    awaitGoodPeriods(chain, deals);
    phase("proving");
    MinerHome victim = destroyOneReplica(chain, stored.getFirst());
    awaitTermination(chain, victim.settings().id(), deals);
    phase("loss, slash and termination");
    for (int i = 0; i < stored.size(); i++) {
      getAndCompare(client, stored.get(i), files.get(i));
    }
    phase("get");
    ClientConfig rest = config.with(SHARDS, PERIODS_OF_REPAIR, Optional.of(auditor));
    GranaryClient repairer = new GranaryClient(ports, wallet, rest);
    for (StoredFile file : stored) {
      deals.addAll(repair(repairer, file));
    }
    phase("repair");
    awaitEnd(chain, deals);
    phase("rest of the deals");
    AuditReport audit = new ChainAudit(chain.queries(), chain.queries(), chain.queries()).run();
    audit.firstFinding().ifPresent(f -> problems.add("audit: " + f));
    say(
        audit.ok()
            ? "✓ audit: every challenge, opening, period, payment and slash re-derived from the chain"
            : "✗ audit: " + audit.finding());
    phase("audit");
    return report(chain, audit, bytes, deals);
  }

  private void tell(Progress step) {
    switch (step) {
      case Progress.Hashed h -> say("  hashed " + h.bytes() + " bytes: " + h.pieceCid());
      case Progress.Active a ->
          say("  ✓ miner " + brief(a.miner()) + ": deal " + brief(a.deal()) + " is active");
      case Progress.Declined d -> say("  ✗ miner " + brief(d.miner()) + " " + d.reason());
      case Progress.Failover f -> say("  ✗ miner " + brief(f.miner()) + " " + f.reason());
      default -> {}
    }
  }

  private static String brief(Object hex) {
    String text = hex.toString();
    return text.substring(0, 8) + "…" + text.substring(text.length() - 4);
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws IOException;
  }

  private void await(String what, Condition condition) throws IOException, InterruptedException {
    Instant limit = Instant.now().plus(LIMIT);
    while (!condition.holds()) {
      if (Instant.now().isAfter(limit)) {
        throw new IOException(
            what
                + " did not happen within "
                + LIMIT.toMinutes()
                + " minutes; the logs are in "
                + dir.resolve("logs"));
      }
      Thread.sleep(200);
    }
  }

  private void awaitGoodPeriods(GranaryChain chain, Set<DealId> deals)
      throws IOException, InterruptedException {
    Map<Address, Long> first = new LinkedHashMap<>();
    for (DealId id : deals) {
      DealSnapshot d = chain.queries().deal(id).orElseThrow();
      first.merge(d.miner(), d.start().index(), Math::min);
    }
    for (int i = 0; i < GOOD_PERIODS; i++) {
      long offset = i;
      for (Map.Entry<Address, Long> miner : first.entrySet()) {
        Period period = new Period(miner.getValue() + offset);
        await(
            "proof of period " + period + " by " + miner.getKey(),
            () ->
                chain.queries().isProved(miner.getKey(), period)
                    || chain.queries().head().number().value()
                        >= chain.queries().clock(miner.getKey()).periodEnd(period.index()));
        if (!chain.queries().isProved(miner.getKey(), period)) {
          problems.add("miner " + miner.getKey() + " missed period " + period);
        }
      }
      say(
          "✓ period "
              + (i + 1)
              + ": "
              + first.size()
              + " miners proved all their deals, one transaction each");
    }
  }

  private MinerHome destroyOneReplica(GranaryChain chain, StoredFile file) throws IOException {
    String id = file.deals().stream().filter(d -> !d.abandoned()).findFirst().orElseThrow().miner();
    for (MinerHome home : miners) {
      if (home.settings().miner().equals(id)) {
        try (Stream<Path> replicas = Files.list(home.dir().resolve("replicas"))) {
          for (Path replica : replicas.toList()) {
            // Truncated first: a deleted file lives on while somebody has it open.
            try (FileChannel channel = FileChannel.open(replica, StandardOpenOption.WRITE)) {
              channel.truncate(0);
            }
            Files.delete(replica);
          }
        }
        say(
            "✗ destroyed: all replica bytes of miner "
                + brief(id)
                + " (block "
                + chain.queries().head().number()
                + ")");
        return home;
      }
    }
    throw new IllegalStateException("no miner " + id);
  }

  private void awaitTermination(GranaryChain chain, Address victim, Set<DealId> deals)
      throws IOException, InterruptedException {
    await(
        "termination of the deals of " + victim,
        () ->
            snapshots(chain, deals).stream()
                .filter(d -> d.miner().equals(victim))
                .allMatch(d -> d.state() == DealState.TERMINATED));
    DealSnapshot d =
        snapshots(chain, deals).stream()
            .filter(s -> s.miner().equals(victim))
            .findFirst()
            .orElseThrow();
    say(
        "✓ miner "
            + brief(victim)
            + " missed "
            + d.missRun()
            + " periods in a row; the auditor terminated its deals, the collateral is forfeit");
  }

  private static List<DealSnapshot> snapshots(GranaryChain chain, Set<DealId> deals) {
    return deals.stream().map(id -> chain.queries().deal(id).orElseThrow()).toList();
  }

  private void getAndCompare(GranaryClient client, StoredFile stored, Path original)
      throws IOException {
    Path back = dir.resolve("back-" + stored.name());
    client.get(stored.name(), back, this::tell);
    if (Files.mismatch(original, back) == -1) {
      say("✓ got " + stored.name() + " back from the others, decrypted, bit for bit");
    } else {
      problems.add(stored.name() + " came back different");
    }
  }

  private Set<DealId> repair(GranaryClient client, StoredFile stored) {
    StoredFile repaired = client.repair(stored.name(), this::tell);
    FileHealth health = client.health(repaired);
    if (health.state() == FileHealth.State.WHOLE) {
      say(
          "✓ "
              + stored.name()
              + " is whole again: the lost shard was computed from the others and is with another miner");
    } else {
      problems.add(stored.name() + " was repaired and is " + health.state());
    }
    return dealsOf(repaired);
  }

  private static Set<DealId> dealsOf(StoredFile file) {
    return file.deals().stream()
        .filter(d -> !d.abandoned())
        .map(d -> DealId.parse(d.dealId()))
        .collect(Collectors.toSet());
  }

  private void awaitEnd(GranaryChain chain, Set<DealId> deals)
      throws IOException, InterruptedException {
    await(
        "end of all deals",
        () -> snapshots(chain, deals).stream().allMatch(d -> d.state().isFinal()));
    long completed =
        snapshots(chain, deals).stream().filter(d -> d.state() == DealState.COMPLETED).count();
    say("✓ " + completed + " deals ran to their end: paid, collateral freed, data deleted");
  }

  // ---------------------------------------------------------------- the closing table

  private DemoReport report(GranaryChain chain, AuditReport audit, long bytes, Set<DealId> deals)
      throws IOException {
    AuditReport.Totals t = audit.totals();
    long terminated =
        snapshots(chain, deals).stream().filter(d -> d.state() == DealState.TERMINATED).count();
    long auditProofs =
        new ObjectMapper()
            .readTree(dir.resolve("auditor/auditor/status.json").toFile())
            .path("ok")
            .asLong();
    if (terminated == 0) {
      problems.add("no deal was terminated");
    }
    if (auditProofs == 0) {
      problems.add("the auditor received no proof");
    }
    BlockNumber from = chain.queries().deployedAt();
    List<MarketEvent> events = chain.queries().events(from, chain.queries().head().number());
    Map<String, DemoReport.Gas> gas = new LinkedHashMap<>();
    chain
        .queries()
        .gasByOperation(events)
        .forEach(
            (operation, used) ->
                gas.put(
                    operation,
                    new DemoReport.Gas(
                        used.size(),
                        used.stream().sorted().skip(used.size() / 2).findFirst().orElse(0L))));
    return new DemoReport(
        problems.isEmpty(),
        bytes,
        deals.size(),
        t.periodsProved(),
        t.periodsMissed(),
        tokens(t.paid()),
        tokens(t.slashed()),
        tokens(t.refunded()),
        tokens(t.burned()),
        auditProofs,
        terminated,
        gas,
        seconds,
        List.copyOf(problems));
  }

  private static String tokens(String units) {
    return new TokenAmount(new BigInteger(units)).toTokens();
  }
}
