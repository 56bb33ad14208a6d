package io.granary.contracts;

import io.granary.contracts.rpc.Rpc;
import io.granary.contracts.rpc.RpcErrorException;
import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockRef;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.web3j.protocol.core.DefaultBlockParameter;
import org.web3j.protocol.core.DefaultBlockParameterName;
import org.web3j.protocol.core.methods.request.EthFilter;
import org.web3j.protocol.core.methods.response.EthBlock;

/**
 * Asks an endpoint what a node will ask it, one question a method, without a market behind it. Each
 * throws {@link ChainUnavailableException} when the endpoint does not answer, and {@link
 * RpcErrorException} when it answers with an error.
 */
public final class EndpointProbe implements AutoCloseable {
  /** Blocks that the time between blocks is averaged over. */
  private static final long SPAN = 100;

  private static final int QUESTIONS = 5;

  private final Rpc rpc;

  /** For an endpoint; nothing is sent yet. */
  public EndpointProbe(URI endpoint) {
    this.rpc = new Rpc(endpoint);
  }

  /**
   * The newest block.
   *
   * @param number its number
   * @param at its time
   * @param between average time between the last blocks
   * @param baseFee wei for a unit of gas
   */
  public record Head(long number, Instant at, Duration between, BigInteger baseFee) {}

  /** The chain's id. */
  public long chainId() {
    return rpc.send(rpc.web3j().ethChainId()).getChainId().longValueExact();
  }

  /** The newest block. */
  public Head head() {
    EthBlock.Block newest = block(DefaultBlockParameterName.LATEST);
    long number = newest.getNumber().longValueExact();
    Instant at = timeOf(newest);
    long span = Math.min(SPAN, number);
    Duration between = Duration.ZERO;
    if (span > 0) {
      Instant before =
          timeOf(block(DefaultBlockParameter.valueOf(BigInteger.valueOf(number - span))));
      between = Duration.between(before, at).dividedBy(span);
    }
    return new Head(number, at, between, newest.getBaseFeePerGas());
  }

  private EthBlock.Block block(DefaultBlockParameter which) {
    EthBlock.Block block = rpc.send(rpc.web3j().ethGetBlockByNumber(which, false)).getBlock();
    if (block == null) {
      throw new ChainUnavailableException(
          "RPC endpoint "
              + rpc.names()
              + " does not have block "
              + which.getValue()
              + ": wait until it is in step with its network, or give another with --rpc",
          null);
    }
    return block;
  }

  private static Instant timeOf(EthBlock.Block block) {
    return Instant.ofEpochSecond(block.getTimestamp().longValueExact());
  }

  /** The hash of a block; empty when the endpoint does not have it. */
  public Optional<Hash32> blockHash(long number) {
    return new Blocks(rpc).find(number).map(BlockRef::hash);
  }

  /** Whether the endpoint finds a block by its hash. */
  public boolean hasBlock(Hash32 hash) {
    return rpc.ask("eth_getBlockByHash", List.of("0x" + hash.toHex(), false)).isPresent();
  }

  /** Median time of a small question. */
  public Duration latency() {
    long[] nanos = new long[QUESTIONS];
    for (int i = 0; i < QUESTIONS; i++) {
      long began = System.nanoTime();
      chainId();
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return Duration.ofNanos(nanos[QUESTIONS / 2]);
  }

  /** Asks for a contract's logs of blocks {@code from … to}; how many there are. */
  public int logs(Address contract, long from, long to) {
    return rpc.send(
            rpc.web3j()
                .ethGetLogs(
                    new EthFilter(
                        DefaultBlockParameter.valueOf(BigInteger.valueOf(from)),
                        DefaultBlockParameter.valueOf(BigInteger.valueOf(to)),
                        contract.toString())))
        .getLogs()
        .size();
  }

  @Override
  public void close() {
    rpc.close();
  }
}
