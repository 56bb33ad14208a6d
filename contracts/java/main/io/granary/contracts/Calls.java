package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.protocol.values.Address;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.web3j.abi.datatypes.Type;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.RemoteFunctionCall;
import org.web3j.protocol.core.methods.request.Transaction;

/** Reads contracts through the one RPC client, so that failures are named in one place. */
final class Calls {
  private final Rpc rpc;

  Calls(Rpc rpc) {
    this.rpc = rpc;
  }

  /** Raw answer of a view at the head. */
  String raw(Address contract, RemoteFunctionCall<?> call) {
    return rawAt(contract, call, DefaultBlockParameterName.LATEST);
  }

  /**
   * Raw answer of a view that asks what the next block allows; pending transactions may show in it.
   */
  String rawNext(Address contract, RemoteFunctionCall<?> call) {
    return rawAt(contract, call, DefaultBlockParameterName.PENDING);
  }

  private String rawAt(
      Address contract, RemoteFunctionCall<?> call, DefaultBlockParameterName block) {
    return rpc.send(
            rpc.web3j()
                .ethCall(
                    Transaction.createEthCallTransaction(
                        Address.ZERO.toString(), contract.toString(), call.encodeFunctionCall()),
                    block))
        .getValue();
  }

  /** Asks at the head, and decodes the answer with the binding's own types. */
  <T> T call(Address contract, RemoteFunctionCall<?> call, Class<T> type) {
    return decode(call, raw(contract, call), type);
  }

  /** Asks what the next block allows. */
  <T> T callNext(Address contract, RemoteFunctionCall<?> call, Class<T> type) {
    return decode(call, rawNext(contract, call), type);
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private static <T> T decode(RemoteFunctionCall<?> call, String raw, Class<T> type) {
    List<Type> values = call.decodeFunctionResponse(raw);
    Object first = values.getFirst();
    Object value = type.isInstance(first) ? first : ((Type) first).getValue();
    return type.cast(value);
  }

  /** For null checks of optional structs. */
  static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }
}
