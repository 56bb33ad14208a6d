package io.granary.app.doctor;

import io.granary.app.node.KeyFiles;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsIdentity;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The miner's folder: who may read its keys, whose they are, and that the cold one is not here. */
final class FolderChecks {
  private FolderChecks() {}

  static Finding permissions(Path folder) throws IOException {
    List<String> open = new ArrayList<>();
    List<Path> secrets = KeyFiles.secrets(folder);
    for (Path file : secrets) {
      if (KeyFiles.isOpenToOthers(file)) {
        open.add(file.toString());
      }
    }
    return open.isEmpty()
        ? Finding.ok("key files", secrets.size() + ", readable by their owner only")
        : Finding.failed(
            "key files",
            "others may read or write " + String.join(", ", open),
            "chmod 600 " + String.join(" ", open));
  }

  /**
   * Where the owner's key lies.
   *
   * @param wallets the command line's folder, whose wallet may be the owner's; a node has none
   */
  static Finding owner(Path folder, Path wallets, Address owner) throws IOException {
    String remedy =
        "move it to a machine that is not the node; the node needs the operator's key only";
    Optional<Path> here = KeyFiles.keyOf(owner, folder);
    if (here.isPresent()) {
      return Finding.failed("owner key", "the owner's key is here: " + here.get(), remedy);
    }
    Optional<Path> beside = KeyFiles.keyOf(owner, wallets);
    return beside.isEmpty()
        ? Finding.ok("owner key", "not on this machine as far as is seen, as it should be")
        : Finding.warning(
            "owner key", "the owner's key is on this machine: " + beside.get(), remedy);
  }

  static Finding operator(EthKey key, Address owner, Optional<MinerRecord> registered) {
    Address address = key.address();
    String found = "the password opens the key of " + address;
    if (address.equals(owner)) {
      return Finding.failed(
          "operator key",
          found + ", which is the owner",
          "granary miner rotate-operator makes a key of its own for the node");
    }
    Optional<Address> named = registered.map(MinerRecord::operator);
    if (named.isPresent() && !named.get().equals(address)) {
      return Finding.failed(
          "operator key",
          found + ", but the registered operator is " + named.get(),
          "bring the key file of "
              + named.get()
              + ", or the owner makes a new one with 'granary miner rotate-operator'");
    }
    return Finding.ok(
        "operator key", found + (named.isPresent() ? ", the registered operator" : ""));
  }

  /**
   * The TLS keys.
   *
   * @param held the node's own first; one that replaces it may be registered already
   */
  static Finding tls(List<TlsIdentity> held, Optional<MinerRecord> registered) {
    List<Hash32> hashes = held.stream().map(TlsIdentity::tlsKeyHash).toList();
    Optional<Hash32> named = registered.map(r -> r.peer().tlsKeyHash());
    Optional<Hash32> other = named.filter(h -> !hashes.contains(h));
    return other.isEmpty()
        ? Finding.ok(
            "tls key",
            named.orElse(hashes.getFirst())
                + (named.isPresent() ? ", as the registry says" : "")
                + (hashes.size() > 1 ? "; " + hashes.size() + " are held while it changes" : ""))
        : Finding.failed(
            "tls key",
            "the hash is "
                + hashes.getFirst()
                + ", the registry says "
                + other.get()
                + ": clients refuse it",
            "bring back the TLS files of a backup, or the owner runs 'granary miner rotate-tls --register "
                + hashes.getFirst()
                + "'");
  }
}
