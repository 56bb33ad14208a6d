package io.granary.app.doctor;

import io.granary.app.node.Endpoints;
import io.granary.app.node.MinerHome;
import io.granary.app.node.MinerSettings;
import io.granary.app.node.Nodes;
import io.granary.contracts.EndpointProbe;
import io.granary.contracts.GranaryChain;
import io.granary.contracts.deploy.Deployment;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.miner.MinerConfig;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Looks at everything a miner needs, beside the running node or before it is started. It changes
 * nothing but one file of 64 MiB in the miner's folder, which is gone afterwards.
 */
public final class MinerDoctor {
  private final MinerHome home;
  private final Path wallets;
  private final Optional<Path> passwordFile;
  private final Optional<RpcEndpoints> rpc;
  private final Clock clock;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * For one folder.
   *
   * @param wallets the command line's folder, where an owner's wallet may lie
   * @param rpc other endpoints than the deployment's
   */
  public MinerDoctor(
      MinerHome home,
      Path wallets,
      Optional<Path> passwordFile,
      Optional<RpcEndpoints> rpc,
      Clock clock) {
    this.home = home;
    this.wallets = wallets;
    this.passwordFile = passwordFile;
    this.rpc = rpc;
    this.clock = clock;
  }

  /** A check; what it throws is what it found. */
  @FunctionalInterface
  private interface Check<T> {
    T run() throws IOException;
  }

  private <T> Optional<T> look(String check, String remedy, Check<T> what) {
    try {
      return Optional.of(what.run());
    } catch (IOException
        | ChainUnavailableException
        | RpcErrorException
        | IllegalArgumentException e) {
      findings.add(Finding.failed(check, String.valueOf(e.getMessage()), remedy));
      return Optional.empty();
    }
  }

  private void note(String check, String remedy, Check<Finding> what) {
    look(check, remedy, what).ifPresent(findings::add);
  }

  /** All findings, in the order in which they were looked for. */
  public List<Finding> examine() {
    String remedy =
        home.hasSettings()
            ? "correct miner.json (docs/configuration.md)"
            : "name another folder with --miner-home, or make one with 'granary miner init'";
    look("settings", remedy, home::settings).ifPresent(this::examine);
    return findings;
  }

  private void examine(MinerSettings settings) {
    Path folder = home.dir();
    findings.add(Finding.ok("settings", folder + " is the folder of miner " + settings.miner()));
    MinerConfig config = settings.config(folder);
    String rights = "check the folder's rights";
    note("key files", rights, () -> FolderChecks.permissions(folder));
    note("owner key", rights, () -> FolderChecks.owner(folder, wallets, settings.id()));
    note("disk space", rights, () -> DiskChecks.space(config));
    Optional<List<TlsIdentity>> tls =
        look("tls key", "bring back the TLS files of a backup", () -> home.tlsKeys().all());
    Optional<EthKey> operator =
        look(
            "operator key",
            "give the right password with --password-file FILE, or bring back the key file",
            () -> home.operator(passwordFile));
    Optional<Deployment> deployment =
        look("rpc", "copy the market's deployment file here", home::deployment);
    Optional<MinerRecord> registered =
        deployment.flatMap(d -> chain(d, settings, config, operator.map(EthKey::address)));
    operator.ifPresent(key -> findings.add(FolderChecks.operator(key, settings.id(), registered)));
    tls.ifPresent(held -> findings.add(FolderChecks.tls(held, registered)));
    tls.ifPresent(held -> network(settings, held.getFirst(), registered));
  }

  private void network(
      MinerSettings settings, TlsIdentity identity, Optional<MinerRecord> registered) {
    InetSocketAddress listen = Endpoints.parse(settings.listen());
    boolean free = NetworkChecks.isFree(listen);
    findings.add(NetworkChecks.port(listen, free, identity.tlsKeyHash()));
    String endpoint = registered.map(r -> r.peer().endpoint()).orElse(settings.endpoint());
    Hash32 hash = registered.map(r -> r.peer().tlsKeyHash()).orElse(identity.tlsKeyHash());
    note(
        "endpoint",
        "the owner runs 'granary miner update --endpoint HOST:PORT'",
        () -> NetworkChecks.endpoint(Endpoints.parse(endpoint), hash, !free));
  }

  private Optional<MinerRecord> chain(
      Deployment deployment,
      MinerSettings settings,
      MinerConfig config,
      Optional<Address> operator) {
    RpcEndpoints endpoints = rpc.orElseGet(() -> RpcEndpoints.of(deployment.rpc()));
    Optional<EndpointProbe.Head> newest = Optional.empty();
    for (int i = 0; i < endpoints.uris().size(); i++) {
      String name = endpoints.names().get(i);
      Optional<EndpointProbe.Head> head = endpoint(endpoints.uris().get(i), name, deployment);
      newest = newest.or(() -> head);
    }
    return newest.flatMap(h -> market(endpoints, h, deployment, settings, config, operator));
  }

  /** Whether one endpoint is fit for use; its head when it is. */
  private Optional<EndpointProbe.Head> endpoint(URI uri, String name, Deployment deployment) {
    String remedy = "start the endpoint, or give another with --rpc";
    try (EndpointProbe probe = new EndpointProbe(uri)) {
      Optional<Finding> right =
          look("rpc", remedy, () -> EndpointChecks.chain(probe, deployment, name));
      right.ifPresent(findings::add);
      if (right.filter(f -> f.level() == Finding.Level.OK).isEmpty()) {
        return Optional.empty();
      }
      note("latency", remedy, () -> EndpointChecks.latency(probe.latency()));
      Optional<EndpointProbe.Head> head = look("head", remedy, probe::head);
      boolean local = EndpointChecks.isLocal(deployment);
      head.ifPresent(
          h -> {
            findings.add(EndpointChecks.head(h, clock.instant(), local));
            findings.add(EndpointChecks.clock(h, clock.instant(), local));
            note(
                "logs",
                "give another endpoint with --rpc",
                () -> EndpointChecks.logs(probe, deployment, h.number()));
          });
      return head;
    }
  }

  private Optional<MinerRecord> market(
      RpcEndpoints endpoints,
      EndpointProbe.Head head,
      Deployment deployment,
      MinerSettings settings,
      MinerConfig config,
      Optional<Address> operator) {
    boolean local = EndpointChecks.isLocal(deployment);
    String remedy = "give another endpoint with --rpc";
    Optional<GranaryChain> connected =
        look(
            "market",
            "check deployment.json and --rpc",
            () -> GranaryChain.connect(Nodes.chainConfig(deployment, rpc), Optional.empty()));
    if (connected.isEmpty()) {
      return Optional.empty();
    }
    try (GranaryChain chain = connected.get()) {
      long back = chain.terms().periodBlocks() + (long) chain.terms().windowBlocks();
      for (URI uri : endpoints.uris()) {
        try (EndpointProbe probe = new EndpointProbe(uri)) {
          note("blocks", remedy, () -> EndpointChecks.blocks(probe, head.number(), back));
        }
      }
      look(
              "disk speed",
              "check the disk and the folder's rights",
              () -> DiskSpeed.measure(home.dir(), DiskSpeed.FILE_BYTES))
          .ifPresent(
              speed ->
                  findings.addAll(
                      DiskChecks.speed(
                          speed, config, chain.terms(), EndpointChecks.pace(head, local))));
      Optional<Optional<MinerRecord>> read =
          look("registry", remedy, () -> chain.queries().miner(settings.id()));
      read.ifPresent(record -> findings.add(RegistryChecks.registry(settings, record)));
      Optional<MinerRecord> registered = read.flatMap(r -> r);
      note("collateral", remedy, () -> RegistryChecks.collateral(chain, settings.id()));
      registered
          .map(MinerRecord::operator)
          .or(() -> operator)
          .ifPresent(
              payer ->
                  note(
                      "gas",
                      remedy,
                      () ->
                          RegistryChecks.gas(
                              chain.wei(payer), payer, head, chain.terms().periodBlocks())));
      return registered;
    }
  }
}
