package io.granary.protocol.chain;

import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.BlockRef;
import java.math.BigInteger;
import java.util.List;

/**
 * Blocks and ether. Every method throws {@link ChainUnavailableException} when the endpoint cannot
 * answer.
 */
public interface ChainReader {
  /** The newest block. */
  BlockRef head();

  /**
   * The block of that number on the current branch.
   *
   * @throws IllegalArgumentException when it lies after the head
   */
  BlockRef block(BlockNumber number);

  /** Ether of an account, in wei. */
  BigInteger wei(Address account);

  /** Base fee of the newest block, wei for a unit of gas. */
  BigInteger baseFee();

  /**
   * How the endpoints are through which the chain is read, the preferred one first; nothing is
   * asked of them. Empty for a chain that needs none.
   */
  default List<EndpointStatus> endpoints() {
    return List.of();
  }
}
