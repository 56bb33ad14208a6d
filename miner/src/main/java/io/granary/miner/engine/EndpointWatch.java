package io.granary.miner.engine;

import io.granary.miner.OperatorLog;
import io.granary.miner.ops.MinerMetrics;
import io.granary.protocol.chain.ChainReader;
import io.granary.protocol.chain.EndpointStatus;
import io.granary.protocol.chain.EndpointStatus.State;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells the operator of endpoints that are out or disagree, each once until it is back. With a
 * single endpoint there is nothing to compare, and {@code chain-unavailable} says what there is to
 * say.
 */
final class EndpointWatch {
  private final ChainReader chain;
  private final OperatorLog log;
  private final MinerMetrics metrics;
  private final Map<String, State> told = new HashMap<>();
  // A dispute is one alert, however many endpoints it is about.
  private final Set<String> disputes = new HashSet<>();

  EndpointWatch(ChainReader chain, OperatorLog log, MinerMetrics metrics) {
    this.chain = chain;
    this.log = log;
    this.metrics = metrics;
  }

  /** One round; nothing is asked of the endpoints. */
  void run() {
    List<EndpointStatus> all = chain.endpoints();
    metrics.endpoints(all);
    if (all.size() > 1) {
      all.forEach(this::look);
    }
    disputes.removeIf(reason -> all.stream().noneMatch(e -> e.reason().equals(reason)));
  }

  private void look(EndpointStatus endpoint) {
    switch (endpoint.state()) {
      case UP -> {
        if (told.remove(endpoint.name()) != null) {
          log.endpointBack(endpoint.name());
        }
      }
      // It may be back in a moment.
      case FAILING -> {}
      case DOWN, STANDING, OTHER_CHAIN -> {
        if (told.put(endpoint.name(), endpoint.state()) != endpoint.state()) {
          log.endpointDown(endpoint.name(), endpoint.reason());
        }
      }
      case DISAGREES -> {
        told.put(endpoint.name(), State.DISAGREES);
        if (disputes.add(endpoint.reason())) {
          log.endpointsDisagree(endpoint.reason());
        }
      }
    }
  }
}
