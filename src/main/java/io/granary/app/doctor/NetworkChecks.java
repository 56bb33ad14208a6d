package io.granary.app.doctor;

import io.granary.proofs.Hash32;
import io.granary.protocol.grpc.TlsProbe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;

/** The node's port as it is here, and the endpoint as peers reach it. */
final class NetworkChecks {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private NetworkChecks() {}

  /** Whether a port is free; a name that is not of this machine is a failure of its own. */
  static boolean isFree(InetSocketAddress listen) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(listen);
      return true;
    } catch (IOException taken) {
      return false;
    }
  }

  static Finding port(InetSocketAddress listen, boolean free, Hash32 own) {
    String where = listen.getHostString() + ":" + listen.getPort();
    if (listen.isUnresolved()) {
      return Finding.failed(
          "port", listen.getHostString() + " is no known name", "correct 'listen' in miner.json");
    }
    if (free) {
      return Finding.ok("port", where + " is free: the node is not running");
    }
    try {
      Hash32 found = TlsProbe.keyHash(reachable(listen), own, PATIENCE);
      return found.equals(own)
          ? Finding.ok("port", where + " is held by this node, which runs")
          : Finding.failed(
              "port",
              where + " is held by another node, with the TLS key " + found,
              "stop it, or choose another port: 'listen' in miner.json");
    } catch (IOException e) {
      return Finding.failed(
          "port",
          where + " cannot be bound and no node answers there (" + e.getMessage() + ")",
          "stop what uses it, or correct 'listen' in miner.json");
    }
  }

  /** What is bound to every address is asked at the loopback. */
  private static InetSocketAddress reachable(InetSocketAddress listen) {
    return listen.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress("localhost", listen.getPort())
        : listen;
  }

  /**
   * The endpoint that the registry tells.
   *
   * @param runs whether the node runs, as far as its port says
   */
  static Finding endpoint(InetSocketAddress endpoint, Hash32 registered, boolean runs) {
    String where = endpoint.getHostString() + ":" + endpoint.getPort();
    try {
      if (endpoint.isUnresolved()) {
        throw new IOException("there is no such name");
      }
      Hash32 found = TlsProbe.keyHash(endpoint, registered, PATIENCE);
      return found.equals(registered)
          ? Finding.ok("endpoint", where + " answers with the registered TLS key")
          : Finding.failed(
              "endpoint",
              where + " answers with the TLS key " + found + ", registered is " + registered,
              "the name or a port forwarding leads to another machine, or this node's key is"
                  + " not registered: see 'tls key'");
    } catch (IOException e) {
      String found = where + " does not answer with TLS (" + e.getMessage() + ")";
      return runs
          ? Finding.failed(
              "endpoint",
              found,
              "open the port in the firewall and forward it here; some routers do not lead back"
                  + " from inside: then try from another network")
          : Finding.warning(
              "endpoint", found, "start the node with 'granary miner run' and look again");
    }
  }
}
