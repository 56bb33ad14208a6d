package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.math.BigInteger;
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

  /** The hash that a majority of the endpoints tells; empty when too few have the block yet. */
  Optional<Hash32> agreedHash(long number) {
    return rpc.agreedBlock(number).stream()
        .map(json -> Hash32.fromHex(String.valueOf(json.get("hash"))))
        .findFirst();
  }

  /**
   * The header of a block, of the hash that a majority of the endpoints tells; empty when too few
   * have it yet.
   *
   * @throws ChainUnavailableException when what is told of it does not hash to that
   */
  Optional<BlockHeader> header(long number) {
    ChainUnavailableException wrong = null;
    for (Map<?, ?> json : rpc.agreedBlock(number)) {
      try {
        return Optional.of(BlockHeader.of(rpc.names(), number, json));
      } catch (ChainUnavailableException e) {
        // Of those that tell the right hash, one is enough that tells the header, too.
        wrong = e;
      }
    }
    if (wrong != null) {
      throw wrong;
    }
    return Optional.empty();
  }
}
