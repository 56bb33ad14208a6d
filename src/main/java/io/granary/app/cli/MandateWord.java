package io.granary.app.cli;

import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.SignedMandate;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.List;

/**
 * A signed mandate (Protocol §3.8) as one word to hand on: its fields in order with colons between
 * them, amounts in units, the signature in hexadecimal digits.
 */
final class MandateWord {
  private MandateWord() {}

  static String print(SignedMandate signed) {
    return String.join(":", fields(signed.mandate())) + ":" + signed.signature();
  }

  /** Everything but the signature. */
  static List<String> fields(Mandate m) {
    return List.of(
        m.dealId().toString(),
        Long.toString(m.periods()),
        Long.toString(m.times()),
        m.maxPricePerPeriod().units().toString(),
        m.collateral().units().toString(),
        m.budget().units().toString(),
        m.tip().units().toString(),
        Long.toString(m.expiresAt().value()));
  }

  /** Reads what {@link #fields} wrote. */
  static Mandate mandate(String[] fields) {
    return new Mandate(
        DealCommand.parse(fields[0]),
        Long.parseLong(fields[1]),
        Long.parseLong(fields[2]),
        amount(fields[3]),
        amount(fields[4]),
        amount(fields[5]),
        amount(fields[6]),
        new BlockNumber(Long.parseLong(fields[7])));
  }

  /**
   * Reads what {@link #print} wrote.
   *
   * @throws IllegalArgumentException for anything else
   */
  static SignedMandate parse(String text) {
    try {
      String[] parts = text.split(":", -1);
      if (parts.length != 9 || !parts[8].startsWith("0x")) {
        throw new IllegalArgumentException("it has " + parts.length + " parts, not 9");
      }
      return new SignedMandate(
          mandate(parts), Signature.of(HexFormat.of().parseHex(parts[8].substring(2))));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a mandate: '" + text + "'; 'granary deal mandate sign DEAL' prints one", e);
    }
  }

  private static TokenAmount amount(String units) {
    return new TokenAmount(new BigInteger(units));
  }
}
