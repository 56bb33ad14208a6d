package io.granary.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.SignedCloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChannelWordsTest {
  private static final Address MINER = Address.parse("0x" + "22".repeat(20));
  private static final String CLIENT = "0x" + "11".repeat(20);
  private static final String SIGNATURE = "0x" + "ab".repeat(65);
  private static final ChannelDomain DOMAIN =
      new ChannelDomain(1, Address.parse("0x" + "33".repeat(20)));

  @Test
  void what_is_printed_is_read_again() {
    EthKey key = EthKey.generate();
    SignedVoucher voucher =
        ChannelWords.sign(DOMAIN, key, MINER, TokenAmount.parseTokens("123456789.5"));
    assertEquals(voucher, ChannelWords.voucher(ChannelWords.print(voucher)));
    CloseConsent consent = new CloseConsent(MINER, key.address(), 7, new BlockNumber(1_234_567));
    SignedCloseConsent signed = ChannelWords.sign(DOMAIN, key, consent);
    assertEquals(signed, ChannelWords.consent(MINER, key.address(), ChannelWords.print(signed)));
  }

  @Test
  void anything_else_is_named() {
    String parties = CLIENT + ":" + MINER + ":";
    for (String text :
        List.of(
            "",
            ":::",
            parties + "5",
            parties + "5:" + SIGNATURE + ":",
            parties + "5:" + SIGNATURE.substring(2),
            parties + "5:0x",
            parties + "5:" + SIGNATURE + "ab",
            parties + "-5:" + SIGNATURE,
            parties + "five:" + SIGNATURE,
            parties + "79228162514264337593543950336:" + SIGNATURE,
            CLIENT + ":0x22:5:" + SIGNATURE)) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> ChannelWords.voucher(text), text);
      assertTrue(String.valueOf(e.getMessage()).startsWith("not a voucher: '" + text), text);
    }
    for (String text :
        List.of(
            "",
            "1:2",
            "1:2:0x",
            "-1:2:" + SIGNATURE,
            "1:-2:" + SIGNATURE,
            "one:2:" + SIGNATURE,
            "1:2:" + SIGNATURE.replace("ab", "zz"))) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> ChannelWords.consent(MINER, MINER, text), text);
      assertTrue(String.valueOf(e.getMessage()).startsWith("not a consent: '" + text), text);
    }
  }
}
