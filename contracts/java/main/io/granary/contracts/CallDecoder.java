package io.granary.contracts;

import io.granary.contracts.bindings.StorageMarket;
import io.granary.protocol.chain.MarketCall;
import io.granary.protocol.crypto.Keccak;
import io.granary.protocol.deal.DealProposal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.Period;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Decodes the calldata of functions that take openings by the Solidity ABI's own rules: bytes at
 * offsets, so that nothing about nested structs is left to a generic decoder.
 */
final class CallDecoder {
  private static final String PROPOSAL =
      "(address,address,address,bytes32,uint64,uint8,uint32,uint96,uint96,uint64,uint64,bytes32,bytes32)";
  private static final String PROVE = selector("prove(address,uint32,bytes,bytes)");
  private static final String ACTIVATE =
      selector("activateDeals((" + PROPOSAL + ",bytes,bytes)[])");
  private static final String ANSWER = selector("answerDemands((" + PROPOSAL + ",bool,bytes)[])");
  private static final String DISPUTE = selector("disputeSeal(" + PROPOSAL + ",uint64,bytes)");
  private static final String RECOVER = selector("recover((" + PROPOSAL + ",bytes,bytes))");
  private static final int WORD = 32;
  private static final int PROPOSAL_WORDS = 13;

  private CallDecoder() {}

  private static String selector(String signature) {
    return Keccak.hash(signature.getBytes(StandardCharsets.UTF_8)).toHex().substring(0, 8);
  }

  /** Empty for any other call, and for calldata that is malformed. */
  static List<MarketCall> decode(String input) {
    if (input.length() < 10) {
      return List.of();
    }
    byte[] data = HexFormat.of().parseHex(input.substring(10));
    String selector = input.substring(2, 10);
    try {
      if (selector.equals(PROVE)) {
        return List.of(
            new MarketCall.Prove(
                address(data, 0), new Period(number(data, WORD)), bytes(data, 0, 3 * WORD)));
      }
      if (selector.equals(ACTIVATE)) {
        return List.of(activate(data));
      }
      if (selector.equals(ANSWER)) {
        return List.of(answer(data));
      }
      if (selector.equals(DISPUTE)) {
        int after = PROPOSAL_WORDS * WORD;
        byte[] openings = bytes(data, 0, after + WORD);
        return proposed(data, 0)
            .<MarketCall>map(p -> new MarketCall.Dispute(p, number(data, after), openings))
            .stream()
            .toList();
      }
      if (selector.equals(RECOVER)) {
        return item(data, offset(data, 0)).map(MarketCall.Recover::new).stream()
            .map(MarketCall.class::cast)
            .toList();
      }
      return List.of();
    } catch (IndexOutOfBoundsException | ArithmeticException | IllegalArgumentException malformed) {
      return List.of();
    }
  }

  private static MarketCall activate(byte[] data) {
    int array = offset(data, 0);
    int count = offset(data, array);
    int base = array + WORD;
    List<MarketCall.Activate.Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      item(data, base + offset(data, base + i * WORD)).ifPresent(items::add);
    }
    return new MarketCall.Activate(items);
  }

  private static MarketCall answer(byte[] data) {
    int array = offset(data, 0);
    int count = offset(data, array);
    int base = array + WORD;
    List<MarketCall.Answer.Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int item = base + offset(data, base + i * WORD);
      boolean byAuditor = number(data, item + PROPOSAL_WORDS * WORD) != 0;
      byte[] openings = bytes(data, item, item + (PROPOSAL_WORDS + 1) * WORD);
      proposed(data, item)
          .ifPresent(p -> items.add(new MarketCall.Answer.Item(p, byAuditor, openings)));
    }
    return new MarketCall.Answer(items);
  }

  private static Optional<MarketCall.Activate.Item> item(byte[] data, int at) {
    byte[] openings = bytes(data, at, at + (PROPOSAL_WORDS + 1) * WORD);
    return proposed(data, at).map(p -> new MarketCall.Activate.Item(p, openings));
  }

  /** Empty when no deal can be of that proposal: the contract skips it, and so does the reader. */
  private static Optional<DealProposal> proposed(byte[] data, int item) {
    StorageMarket.DealProposal struct = proposal(data, item);
    try {
      return Optional.of(Structs.proposal(struct));
    } catch (ArithmeticException | IllegalArgumentException impossible) {
      return Optional.empty();
    }
  }

  private static StorageMarket.DealProposal proposal(byte[] d, int at) {
    return new StorageMarket.DealProposal(
        address(d, at).toString(),
        address(d, at + WORD).toString(),
        address(d, at + 2 * WORD).toString(),
        word(d, at + 3 * WORD),
        big(d, at + 4 * WORD),
        big(d, at + 5 * WORD),
        big(d, at + 6 * WORD),
        big(d, at + 7 * WORD),
        big(d, at + 8 * WORD),
        big(d, at + 9 * WORD),
        big(d, at + 10 * WORD),
        word(d, at + 11 * WORD),
        word(d, at + 12 * WORD));
  }

  private static byte[] word(byte[] d, int at) {
    if (at < 0 || at + WORD > d.length) {
      throw new IndexOutOfBoundsException(at);
    }
    return Arrays.copyOfRange(d, at, at + WORD);
  }

  private static BigInteger big(byte[] d, int at) {
    return new BigInteger(1, word(d, at));
  }

  private static long number(byte[] d, int at) {
    return big(d, at).longValueExact();
  }

  private static int offset(byte[] d, int at) {
    return big(d, at).intValueExact();
  }

  private static Address address(byte[] d, int at) {
    return Address.of(Arrays.copyOfRange(word(d, at), 12, 32));
  }

  /** A dynamic {@code bytes} whose offset, relative to {@code base}, stands at {@code at}. */
  private static byte[] bytes(byte[] d, int base, int at) {
    int start = Math.addExact(base, offset(d, at));
    int length = offset(d, start);
    int from = start + WORD;
    if (length < 0 || from > d.length || length > d.length - from) {
      throw new IndexOutOfBoundsException(length);
    }
    return Arrays.copyOfRange(d, from, from + length);
  }
}
