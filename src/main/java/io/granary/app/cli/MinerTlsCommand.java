package io.granary.app.cli;

import io.granary.app.node.MinerHome;
import io.granary.contracts.GranaryChain;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.MinerRecord;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.grpc.TlsFolder;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code granary miner rotate-tls}: in one go, or in two where the owner's wallet is elsewhere. */
@Command(
    name = "rotate-tls",
    description =
        "Make a new TLS key and register it. The running node takes it by itself and shows the old one for a day more, to clients that know only that. A try that was cut off is taken up.",
    footer = {
      "",
      "Example: granary miner rotate-tls",
      "         granary miner rotate-tls --prepare            # on the node; tells the hash",
      "         granary miner rotate-tls --register 5f3a…     # where the owner's wallet is"
    })
final class MinerTlsCommand extends MinerCommand.Place implements Callable<Integer> {
  @Option(
      names = "--prepare",
      description = "Only make the key and tell its hash; needs no wallet and no chain.")
  boolean prepare;

  @Option(
      names = "--register",
      paramLabel = "HASH",
      description =
          "Only register the key of that hash, which --prepare or the node told; needs no folder.")
  @Nullable String register;

  @Option(
      names = "--again",
      description =
          "Although the key before the node's is still shown: clients that know only that are refused from then on.")
  boolean again;

  @Override
  public Integer call() throws IOException {
    if (prepare && register != null) {
      throw new IllegalArgumentException(
          "--prepare makes a key here, --register takes one that was made elsewhere: give one of them");
    }
    if (register != null) {
      register(Hash32.fromHex(register));
    } else if (prepare) {
      tell(
          next(), Optional.empty(), "the owner registers it: granary miner rotate-tls --register ");
    } else {
      EthKey owner = common.wallet();
      MinerHome home = place();
      if (!home.settings().id().equals(owner.address())) {
        throw new IllegalArgumentException(
            home.dir()
                + " is the folder of miner "
                + home.settings().miner()
                + ", not of "
                + owner.address());
      }
      register(next());
    }
    return 0;
  }

  private Hash32 next() throws IOException {
    MinerHome home = place();
    home.settings();
    TlsFolder tls = home.tlsKeys();
    if (!tls.hasNext() && !again && tls.old().isPresent()) {
      throw new IllegalArgumentException(
          "the key was changed at "
              + tls.oldSince()
              + " and the one before is still shown to clients that know only that: wait until the"
              + " node has deleted tls-old-key.pem, or give --again");
    }
    return tls.makeNext().tlsKeyHash();
  }

  private void register(Hash32 hash) throws IOException {
    EthKey owner = common.wallet();
    try (GranaryChain chain = common.connect(Optional.of(owner))) {
      MinerRecord record = registered(chain, owner.address());
      Optional<TxResult.Confirmed> tx =
          record.peer().tlsKeyHash().equals(hash)
              ? Optional.empty()
              : Optional.of(
                  chain
                      .actions()
                      .update(
                          owner.address(),
                          record.peer().endpoint(),
                          hash,
                          record.pricePerLeafPeriod())
                      .orThrow());
      tell(
          hash,
          tx,
          tx.isEmpty()
              ? "it was registered already; the node that has it takes it at its next block"
              : "registered; the node that has it takes it at its next block and shows the key before for a day");
    }
  }

  /**
   * What the registry says of a miner.
   *
   * @throws IllegalArgumentException when it is none
   */
  static MinerRecord registered(GranaryChain chain, Address miner) {
    return chain
        .queries()
        .miner(miner)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    miner + " is no miner: register it with 'granary miner init'"));
  }

  private void tell(Hash32 hash, Optional<TxResult.Confirmed> tx, String what) {
    Map<String, Object> v = new LinkedHashMap<>();
    v.put("ok", true);
    v.put("tlsKeyHash", hash.toString());
    tx.ifPresent(t -> v.put("transaction", t.hash().toString()));
    common.print(
        v,
        out ->
            out.println(
                "✓ the TLS key's hash is "
                    + hash
                    + "\n  "
                    + what
                    + (what.endsWith(" ") ? hash.toString() : "")
                    + tx.map(t -> "  (" + t.hash() + ")").orElse("")));
  }
}
