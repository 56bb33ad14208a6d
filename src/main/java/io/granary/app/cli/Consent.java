package io.granary.app.cli;

import io.granary.protocol.crypto.Eip712;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.EarlyEnd;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.util.HexFormat;

/**
 * A client's consent to end a deal at once (Protocol §3.7), as one word that it can hand to its
 * miner: the last block for it, a colon, the signature in hexadecimal digits.
 */
final class Consent {
  private Consent() {}

  static SignedEarlyEnd sign(SigningDomain domain, EthKey client, DealId deal, BlockNumber by) {
    EarlyEnd end = new EarlyEnd(deal, true, by);
    return new SignedEarlyEnd(end, client.sign(Eip712.earlyEnd(domain, end)));
  }

  static String print(SignedEarlyEnd end) {
    return end.earlyEnd().executeBy() + ":" + end.signature();
  }

  /**
   * Reads what {@link #print} wrote.
   *
   * @throws IllegalArgumentException for anything else
   */
  static SignedEarlyEnd parse(DealId deal, String text) {
    int colon = text.indexOf(":0x");
    try {
      long by = Long.parseLong(text, 0, Math.max(0, colon), 10);
      byte[] signature = HexFormat.of().parseHex(text, colon + 3, text.length());
      return new SignedEarlyEnd(
          new EarlyEnd(deal, true, new BlockNumber(by)), Signature.of(signature));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a consent: '" + text + "'; the client's 'granary deal end DEAL --now' prints one",
          e);
    }
  }
}
