package io.granary.auditor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.granary.proofs.LeafIndex;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;

/**
 * A leaf that opens to both roots of a deal and is sealed wrong: enough to dispute the seal on
 * chain (Protocol §6.2).
 *
 * @param dealId the deal
 * @param leaf the leaf
 * @param openings piece leaf and path, sealed leaf and path
 */
public record DisputeEvidence(DealId dealId, LeafIndex leaf, byte[] openings) {
  /** Name of its file. */
  public String fileName() {
    return dealId.hash().toHex() + "-" + leaf.value() + ".json";
  }

  /** Writes it into a folder, replacing an older one. */
  public Path save(Path folder) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode node = json.createObjectNode();
    node.put("dealId", dealId.toString());
    node.put("leaf", leaf.value());
    node.put("openings", HexFormat.of().formatHex(openings));
    Files.createDirectories(folder);
    Path file = folder.resolve(fileName());
    Path temporary = folder.resolve(fileName() + ".new");
    Files.write(temporary, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(node));
    return Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Reads one back.
   *
   * @throws IOException when there is no such file, or it holds no evidence
   */
  public static DisputeEvidence load(Path file) throws IOException {
    JsonNode node = new ObjectMapper().readTree(file.toFile());
    try {
      return new DisputeEvidence(
          DealId.parse(node.path("dealId").asText()),
          new LeafIndex(node.path("leaf").asLong(-1)),
          HexFormat.of().parseHex(node.path("openings").asText()));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file + " holds no evidence of a wrong seal: give a file that an auditor has written", e);
    }
  }
}
