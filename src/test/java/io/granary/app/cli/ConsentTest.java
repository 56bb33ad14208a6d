package io.granary.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.proofs.Hash32;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.SigningDomain;
import io.granary.protocol.deal.SignedEarlyEnd;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsentTest {
  private static final DealId DEAL = new DealId(Hash32.ZERO);

  @Test
  void what_is_printed_is_read_again() {
    SigningDomain domain = new SigningDomain(1, Address.parse("0x" + "11".repeat(20)));
    SignedEarlyEnd signed =
        Consent.sign(domain, EthKey.generate(), DEAL, new BlockNumber(1_234_567));
    assertTrue(signed.earlyEnd().immediate());
    assertEquals(signed, Consent.parse(DEAL, Consent.print(signed)));
  }

  @Test
  void anything_else_is_named() {
    String signature = "0x" + "ab".repeat(65);
    for (String text :
        List.of(
            "",
            ":",
            signature,
            ":" + signature,
            "x:" + signature,
            "-1:" + signature,
            "5:0x",
            "5:" + signature + "ab",
            "5:" + signature.replace("ab", "zz"))) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> Consent.parse(DEAL, text), text);
      assertTrue(String.valueOf(e.getMessage()).startsWith("not a consent: '" + text), text);
    }
  }
}
