package io.granary.contracts;

import io.granary.proofs.Hash32;
import io.granary.protocol.chain.ChainUnavailableException;
import io.granary.protocol.crypto.Keccak;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.web3j.rlp.RlpEncoder;
import org.web3j.rlp.RlpList;
import org.web3j.rlp.RlpString;
import org.web3j.rlp.RlpType;

/**
 * A block's header as the chain hashed it. Nodes tell its fields in JSON; encoded again (RLP) they
 * must give the block's hash.
 *
 * @param hash Keccak of {@code rlp}
 * @param mixHash under proof of stake, what the proposers before it revealed
 * @param rlp the encoding
 */
record BlockHeader(Hash32 hash, Hash32 mixHash, byte[] rlp) {
  /** In the order of the encoding. Forks have only ever appended: a header ends where they do. */
  private static final List<String> FIELDS =
      List.of(
          "parentHash",
          "sha3Uncles",
          "miner",
          "stateRoot",
          "transactionsRoot",
          "receiptsRoot",
          "logsBloom",
          "difficulty",
          "number",
          "gasLimit",
          "gasUsed",
          "timestamp",
          "extraData",
          "mixHash",
          "nonce",
          "baseFeePerGas",
          "withdrawalsRoot",
          "blobGasUsed",
          "excessBlobGas",
          "parentBeaconBlockRoot",
          "requestsHash");

  /** Written as numbers; all others are bytes of a length of their own. */
  private static final Set<String> NUMBERS =
      Set.of(
          "difficulty",
          "number",
          "gasLimit",
          "gasUsed",
          "timestamp",
          "baseFeePerGas",
          "blobGasUsed",
          "excessBlobGas");

  /** What nodes tell of a block besides its header. */
  private static final Set<String> BESIDES =
      Set.of("hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals");

  /**
   * From what a node tells.
   *
   * @throws ChainUnavailableException when that is not a header with the hash and number told
   */
  static BlockHeader of(String endpoints, long number, Map<?, ?> json) {
    List<RlpType> items = new ArrayList<>();
    for (String field : FIELDS) {
      Object value = json.get(field);
      if (value != null) {
        items.add(item(endpoints, number, field, value));
      }
    }
    byte[] rlp = RlpEncoder.encode(new RlpList(items));
    Hash32 hash = Keccak.hash(rlp);
    String made = "0x" + hash.toHex();
    if (!made.equals(json.get("hash"))) {
      throw new ChainUnavailableException(
          "the header of block "
              + number
              + " that "
              + endpoints
              + " tell does not hash to the block's hash "
              + json.get("hash")
              + ", but to "
              + made
              + unknownFields(json)
              + ": a newer version of this software may know such headers, or give another endpoint with --rpc",
          null);
    }
    if (!BigInteger.valueOf(number).equals(quantity(String.valueOf(json.get("number"))))) {
      throw garbled(endpoints, number, "number", json.get("number"), null);
    }
    return new BlockHeader(hash, Hash32.fromHex(String.valueOf(json.get("mixHash"))), rlp);
  }

  private static RlpString item(String endpoints, long block, String field, Object value) {
    try {
      String hex = String.valueOf(value);
      return NUMBERS.contains(field)
          ? RlpString.create(quantity(hex))
          : RlpString.create(HexFormat.of().parseHex(digits(hex)));
    } catch (IllegalArgumentException e) {
      throw garbled(endpoints, block, field, value, e);
    }
  }

  private static BigInteger quantity(String hex) {
    return new BigInteger(digits(hex), 16);
  }

  private static String digits(String hex) {
    if (!hex.startsWith("0x")) {
      throw new IllegalArgumentException("no 0x");
    }
    return hex.substring(2);
  }

  private static ChainUnavailableException garbled(
      String endpoints,
      long block,
      String field,
      @org.jspecify.annotations.Nullable Object value,
      @org.jspecify.annotations.Nullable Throwable cause) {
    return new ChainUnavailableException(
        "the header of block "
            + block
            + " that "
            + endpoints
            + " tell has "
            + field
            + " "
            + value
            + ": give another endpoint with --rpc",
        cause);
  }

  private static String unknownFields(Map<?, ?> json) {
    Set<String> unknown = new TreeSet<>();
    for (Object key : json.keySet()) {
      unknown.add(String.valueOf(key));
    }
    FIELDS.forEach(unknown::remove);
    BESIDES.forEach(unknown::remove);
    return unknown.isEmpty() ? "" : " (it has fields that are not known here: " + unknown + ")";
  }
}
