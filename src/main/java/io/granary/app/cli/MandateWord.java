package io.granary.app.cli;

import io.granary.protocol.crypto.Signature;
import io.granary.protocol.deal.Mandate;
import io.granary.protocol.deal.SignedMandate;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HexFormat;

/**
 * A signed mandate (Protocol §3.8) as one word to hand on: its fields in order with colons between
 * them, amounts in units, the signature in hexadecimal digits.
 */
final class MandateWord {
  private MandateWord() {}

  static String print(SignedMandate signed) {
    Mandate m = signed.mandate();
    return String.join(
        ":",
        m.dealId().toString(),
        Long.toString(m.periods()),
        Long.toString(m.times()),
        m.maxPricePerPeriod().units().toString(),
        m.collateral().units().toString(),
        m.budget().units().toString(),
        m.tip().units().toString(),
        Long.toString(m.expiresAt().value()),
        signed.signature().toString());
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
          new Mandate(
              DealCommand.parse(parts[0]),
              Long.parseLong(parts[1]),
              Long.parseLong(parts[2]),
              amount(parts[3]),
              amount(parts[4]),
              amount(parts[5]),
              amount(parts[6]),
              new BlockNumber(Long.parseLong(parts[7]))),
          Signature.of(HexFormat.of().parseHex(parts[8].substring(2))));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a mandate: '" + text + "'; 'granary deal mandate sign DEAL' prints one", e);
    }
  }

  private static TokenAmount amount(String units) {
    return new TokenAmount(new BigInteger(units));
  }
}
