package io.granary.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.granary.contracts.FaultyEndpoint;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.web3j.crypto.Hash;
import org.web3j.crypto.TransactionDecoder;

/** Stands between a miner and its chain, and knows what passes. */
final class ChainGate implements AutoCloseable {
  /** Is told of each transaction, by its function, on its way in and before the answer goes out. */
  interface Watch {
    /** Nobody who stops anything. */
    Watch NOBODY =
        new Watch() {
          @Override
          public boolean before(String function) {
            return true;
          }

          @Override
          public boolean after(String function) {
            return true;
          }
        };

    /** False when it is not to go on: whoever sent it is gone. */
    boolean before(String function);

    /** False when the answer is not to go out. */
    boolean after(String function);
  }

  private final Watch watch;
  private final Map<String, String> functions;
  private final FaultyEndpoint endpoint;
  private final AtomicLong heads = new AtomicLong();
  private volatile boolean cut;

  /**
   * Opens the gate on a port of the loopback.
   *
   * @param abi the market's committed ABI, which names the functions
   */
  ChainGate(URI chain, Path abi, Watch watch) throws IOException {
    this.watch = watch;
    this.functions = selectors(abi);
    this.endpoint = new FaultyEndpoint(chain).does(this::pass);
  }

  URI endpoint() {
    return endpoint.uri();
  }

  /** How often the miner has asked for the head. */
  long headsAsked() {
    return heads.get();
  }

  /** Lets nothing through any more, or everything again. */
  void cut(boolean isCut) {
    cut = isCut;
  }

  boolean isCut() {
    return cut;
  }

  private FaultyEndpoint.Reply pass(JsonNode request, FaultyEndpoint.Honest honest)
      throws IOException, InterruptedException {
    if (cut) {
      throw new IOException("the link is cut");
    }
    boolean sends = request.path("method").asText().equals("eth_sendRawTransaction");
    String function = sends ? sent(request) : "";
    if (sends && !watch.before(function)) {
      throw new IOException("the sender is gone");
    }
    FaultyEndpoint.Reply reply = new FaultyEndpoint.Reply(200, honest.ask().toString());
    if (sends && !watch.after(function)) {
      throw new IOException("the sender is gone");
    }
    if (request.path("params").toString().contains("\"latest\"")) {
      heads.incrementAndGet();
    }
    return reply;
  }

  private String sent(JsonNode request) {
    return function(
        TransactionDecoder.decode(request.at("/params/0").asText()).getTransaction().getData());
  }

  /** The function that call data names; a transfer of nothing when there is none. */
  String function(String data) {
    String hex = data.startsWith("0x") ? data.substring(2) : data;
    if (hex.isEmpty()) {
      return "cancel";
    }
    String selector = hex.substring(0, 8);
    return functions.getOrDefault(selector, selector);
  }

  private static Map<String, String> selectors(Path abi) throws IOException {
    Map<String, String> found = new HashMap<>();
    for (JsonNode entry : new ObjectMapper().readTree(Files.readString(abi))) {
      if (entry.path("type").asText().equals("function")) {
        String name = entry.path("name").asText();
        found.put(Hash.sha3String(name + types(entry.path("inputs"))).substring(2, 10), name);
      }
    }
    return found;
  }

  private static String types(JsonNode inputs) {
    StringBuilder all = new StringBuilder("(");
    for (JsonNode input : inputs) {
      String type = input.path("type").asText();
      all.append(all.length() > 1 ? "," : "")
          .append(
              type.startsWith("tuple")
                  ? types(input.path("components")) + type.substring("tuple".length())
                  : type);
    }
    return all.append(")").toString();
  }

  @Override
  public void close() {
    endpoint.close();
  }
}
