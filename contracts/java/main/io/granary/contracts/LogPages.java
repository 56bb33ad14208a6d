package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.values.Address;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.response.EthLog;
import org.web3j.protocol.core.methods.response.Log;

/** Reads a contract's logs in pages that its endpoint is willing to answer. */
final class LogPages {
  private static final long FIRST_PAGE = 5_000;

  private final Rpc rpc;
  private final Address contract;

  LogPages(Rpc rpc, Address contract) {
    this.rpc = rpc;
    this.contract = contract;
  }

  /**
   * Hands over the logs of blocks {@code from … to} in their order.
   *
   * @param topics what the first topics must be, as far as given; an empty one may be anything
   */
  void forEach(long from, long to, List<String> topics, Consumer<Log> each) {
    long page = FIRST_PAGE;
    for (long first = from; first <= to; ) {
      long last = Math.min(to, first + page - 1);
      List<Log> logs;
      try {
        logs = read(first, last, topics);
      } catch (RpcErrorException e) {
        // Endpoints bound the range or the number of logs, each in its own words: ask for less.
        if (page == 1) {
          throw e.isBusy() ? busy(first, e) : e;
        }
        page = Math.max(1, page / 4);
        continue;
      }
      logs.forEach(each);
      first = last + 1;
    }
  }

  /** Less than the logs of one block cannot be asked for. */
  private ChainUnavailableException busy(long block, RpcErrorException e) {
    return new ChainUnavailableException(
        "RPC endpoint "
            + rpc.names()
            + " does not tell the logs of block "
            + block
            + " ("
            + e.getMessage()
            + "): it limits how much it is asked; give another with --rpc",
        e);
  }

  /** An address as a topic. */
  static String topic(Address address) {
    return "0x" + "0".repeat(24) + address.toString().substring(2);
  }

  private List<Log> read(long from, long to, List<String> topics) {
    EthFilter filter =
        new EthFilter(
            DefaultBlockParameter.valueOf(BigInteger.valueOf(from)),
            DefaultBlockParameter.valueOf(BigInteger.valueOf(to)),
            contract.toString());
    for (String topic : topics) {
      if (topic.isEmpty()) {
        filter.addNullTopic();
      } else {
        filter.addSingleTopic(topic);
      }
    }
    List<Log> logs = new ArrayList<>();
    for (EthLog.LogResult<?> result : rpc.send(rpc.web3j().ethGetLogs(filter)).getLogs()) {
      logs.add((Log) result.get());
    }
    return logs;
  }
}
