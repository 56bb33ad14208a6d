package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.protocol.values.Address;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.web3j.abi.FunctionReturnDecoder;
import org.web3j.abi.TypeReference;
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

  /** Raw answer of a view, seen from the next block. */
  String raw(Address contract, RemoteFunctionCall<?> call) {
    return rpc.send(
            rpc.web3j()
                .ethCall(
                    Transaction.createEthCallTransaction(Address.ZERO.toString(), contract.toString(), call.encodeFunctionCall()),
                    DefaultBlockParameterName.PENDING))
        .getValue();
  }

  /** Decodes the answer with the binding's own types. */
  @SuppressWarnings({"rawtypes", "unchecked"})
  <T> T call(Address contract, RemoteFunctionCall<?> call, Class<T> type) {
    List<Type> values = call.decodeFunctionResponse(raw(contract, call));
    Object first = values.getFirst();
    Object value = type.isInstance(first) ? first : ((Type) first).getValue();
    return type.cast(value);
  }

  /** Decodes an answer of several values. */
  @SuppressWarnings({"rawtypes", "unchecked"})
  List<Type> decode(String raw, List<TypeReference<Type>> types) {
    return FunctionReturnDecoder.decode(raw, types);
  }

  /** For null checks of optional structs. */
  static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }
}
