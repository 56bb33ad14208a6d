package io.granary.miner.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.miner.DrainReport;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks the node that runs in a folder, as the user that runs it. */
public final class AdminClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path socket;

  /** Of a miner's folder. */
  public AdminClient(Path home) {
    this.socket = AdminServer.socket(home);
  }

  /**
   * Has the node copy its store.
   *
   * @param directory absolute, made by the node
   * @return false when no node runs here
   * @throws IOException when it runs and cannot, with its reason
   */
  public boolean copyStore(Path directory) throws IOException {
    return ask(Map.of("command", "copy-store", "directory", directory.toString())).isPresent();
  }

  /**
   * Has the node end what runs and stop; waits for that.
   *
   * @return empty when no node runs here
   * @throws IOException when it runs and does not answer as it should
   */
  public Optional<DrainReport> drain() throws IOException {
    return ask(Map.of("command", "drain"))
        .map(
            answer -> {
              List<String> cut = new ArrayList<>();
              answer.path("cut").forEach(one -> cut.add(one.asText()));
              return new DrainReport(cut);
            });
  }

  private Optional<JsonNode> ask(Map<String, String> request) throws IOException {
    if (!Files.exists(socket)) {
      return Optional.empty();
    }
    try (SocketChannel node = connect()) {
      if (!node.isConnected()) {
        return Optional.empty();
      }
      return Optional.of(ask(node, JSON.writeValueAsString(request) + "\n"));
    }
  }

  /** Not connected when nobody listens. */
  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(java.net.StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (ConnectException left) {
      // A crash leaves the socket behind.
      channel.close();
      return channel;
    } catch (IOException e) {
      channel.close();
      throw new IOException(
          socket + " cannot be reached (" + e.getMessage() + "): run this as the node's user", e);
    }
    return channel;
  }

  private JsonNode ask(SocketChannel node, String line) throws IOException {
    ByteBuffer request = ByteBuffer.wrap(line.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    while (request.hasRemaining()) {
      node.write(request);
    }
    JsonNode answer;
    try (InputStream in = Channels.newInputStream(node)) {
      answer = JSON.readTree(in.readAllBytes());
    } catch (JsonProcessingException e) {
      throw new IOException("the node at " + socket + " gave no answer; look at its log", e);
    }
    if (!answer.path("ok").asBoolean()) {
      String message = answer.path("message").asText();
      throw new IOException(
          "the running node did not do it: "
              + (message.isEmpty() ? "it gave no answer; look at its log" : message));
    }
    return answer;
  }
}
