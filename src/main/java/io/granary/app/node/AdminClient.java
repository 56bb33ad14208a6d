package io.granary.app.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.ops.AdminServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Asks the node that runs in a folder. */
final class AdminClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Copying a store to another disk takes a while. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final Path file;

  AdminClient(Path home) {
    this.file = home.resolve(AdminServer.FILE);
  }

  /**
   * Has the node copy its store.
   *
   * @param directory absolute, made by the node
   * @return false when no node runs here
   * @throws IOException when it runs and cannot, with its reason
   */
  boolean checkpoint(Path directory) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    JsonNode admin = JSON.readTree(file.toFile());
    URI uri =
        URI.create(
            "http://"
                + InetAddress.getLoopbackAddress().getHostAddress()
                + ":"
                + admin.path("port").asInt()
                + AdminServer.CHECKPOINT);
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(PATIENCE)
            .header("Authorization", "Bearer " + admin.path("token").asText())
            .POST(
                HttpRequest.BodyPublishers.ofByteArray(
                    JSON.writeValueAsBytes(Map.of("directory", directory.toString()))))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException(
            "the running node did not copy its store ("
                + answer.statusCode()
                + "): "
                + JSON.readTree(answer.body()).path("message").asText());
      }
      return true;
    } catch (ConnectException gone) {
      // A crash leaves the file behind.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the node copied its store", e);
    }
  }
}
