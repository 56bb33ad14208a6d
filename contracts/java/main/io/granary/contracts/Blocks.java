package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.proofs.Hash32;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.methods.response.EthBlock;

/** Blocks of the current branch. */
final class Blocks {
  private final Rpc rpc;

  Blocks(Rpc rpc) {
    this.rpc = rpc;
  }

  BlockRef head() {
    return at(DefaultBlockParameterName.LATEST).orElseThrow();
  }

  /** Empty when it lies after the head. */
  Optional<BlockRef> find(long number) {
    return at(DefaultBlockParameter.valueOf(BigInteger.valueOf(number)));
  }

  private Optional<BlockRef> at(DefaultBlockParameter which) {
    EthBlock.Block block = rpc.send(rpc.web3j().ethGetBlockByNumber(which, false)).getBlock();
    return Optional.ofNullable(block)
        .map(
            b ->
                new BlockRef(
                    new BlockNumber(b.getNumber().longValueExact()), Hash32.fromHex(b.getHash())));
  }

  /**
   * The header of a block, checked against its hash; empty when it lies after the head.
   *
   * @throws io.granary.protocol.chain.ChainUnavailableException when what the endpoint tells does
   *     not hash to the block's hash
   */
  Optional<BlockHeader> header(long number) {
    return rpc.ask("eth_getBlockByNumber", List.of("0x" + Long.toHexString(number), false))
        .map(json -> BlockHeader.of(rpc.endpoint(), number, (Map<?, ?>) json));
  }
}
