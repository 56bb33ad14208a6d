package io.granary.app.cli;

import io.granary.contracts.ChannelGateway;
import io.granary.contracts.GranaryChain;
import io.granary.protocol.values.Address;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which payment channels. */
final class ChannelOption {
  @Option(
      names = "--channels",
      paramLabel = "ADDRESS",
      description = "Contract of the payment channels (default: the deployment's).")
  @Nullable String address;

  ChannelGateway open(Common common, GranaryChain chain) throws IOException {
    if (address != null) {
      return chain.channels(Address.parse(address));
    }
    return chain.channels(
        common
            .market()
            .channels()
            .orElseThrow(
                () ->
                    new IOException(
                        "the deployment file names no payment channels; say --channels ADDRESS")));
  }
}
