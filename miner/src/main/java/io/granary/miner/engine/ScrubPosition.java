package io.granary.miner.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.protocol.values.DealId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * How far a pass over all replicas has come, so that a restart does not begin it again. Losing it
 * costs nothing but reading.
 *
 * @param deal the deal that is being read, in the order of ids; empty between two passes
 * @param chunk its next chunk
 */
record ScrubPosition(Optional<DealId> deal, long chunk) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static ScrubPosition start() {
    return new ScrubPosition(Optional.empty(), 0);
  }

  /** What a file says, or the start when it says nothing that makes sense. */
  static ScrubPosition load(Path file) {
    try {
      JsonNode node = JSON.readTree(Files.readString(file));
      return new ScrubPosition(
          Optional.of(DealId.parse(node.path("deal").asText())),
          Math.max(0, node.path("chunk").asLong()));
    } catch (IOException | IllegalArgumentException e) {
      return start();
    }
  }

  void save(Path file) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    Files.write(
        next,
        JSON.writeValueAsBytes(
            Map.of("deal", deal.map(DealId::toString).orElse(""), "chunk", chunk)));
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
