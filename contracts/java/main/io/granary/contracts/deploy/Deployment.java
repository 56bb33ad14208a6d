package io.granary.contracts.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.contracts.ChainConfig;
import io.granary.contracts.rpc.RpcEndpoints;
import io.granary.protocol.values.Address;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a market is; a small JSON file that its deployer hands to everyone.
 *
 * @param rpc endpoint it was deployed through
 * @param chainId the chain
 * @param token its ERC-20
 * @param seedSource its seed source
 * @param registry the miner registry
 * @param market the market
 * @param channels payment channels over the same token; empty for a market that was deployed
 *     without
 * @param block block of deployment
 */
public record Deployment(
    URI rpc,
    long chainId,
    Address token,
    Address seedSource,
    Address registry,
    Address market,
    Optional<Address> channels,
    long block) {
  /**
   * Reads a file.
   *
   * @throws IOException when it cannot be read or is none
   */
  public static Deployment load(Path file) throws IOException {
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    try {
      return new Deployment(
          URI.create(json.required("rpc").asText()),
          json.required("chainId").asLong(),
          Address.parse(json.required("token").asText()),
          Address.parse(json.required("seedSource").asText()),
          Address.parse(json.required("registry").asText()),
          Address.parse(json.required("market").asText()),
          json.hasNonNull("channels")
              ? Optional.of(Address.parse(json.path("channels").asText()))
              : Optional.empty(),
          json.required("block").asLong());
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is no deployment file: " + e.getMessage(), e);
    }
  }

  /** Writes a file. */
  public void save(Path file) throws IOException {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("rpc", rpc.toString());
    json.put("chainId", chainId);
    json.put("token", token.toString());
    json.put("seedSource", seedSource.toString());
    json.put("registry", registry.toString());
    json.put("market", market.toString());
    channels.ifPresent(address -> json.put("channels", address.toString()));
    json.put("block", block);
    Files.writeString(file, json.toPrettyString() + "\n");
  }

  /** How to connect to it. */
  public ChainConfig config() {
    return ChainConfig.of(RpcEndpoints.of(rpc), market, block);
  }
}
