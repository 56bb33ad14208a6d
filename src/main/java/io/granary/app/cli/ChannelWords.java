package io.granary.app.cli;

import io.granary.protocol.channel.CloseConsent;
import io.granary.protocol.channel.SignedCloseConsent;
import io.granary.protocol.channel.SignedVoucher;
import io.granary.protocol.channel.Voucher;
import io.granary.protocol.crypto.ChannelDigests;
import io.granary.protocol.crypto.ChannelDomain;
import io.granary.protocol.crypto.EthKey;
import io.granary.protocol.crypto.Signature;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.TokenAmount;
import java.math.BigInteger;
import java.util.HexFormat;

/**
 * What the two sides of a channel sign for each other (Protocol §7), as one word each that can be
 * handed over: the parts with colons between them, the signature in hexadecimal digits.
 */
final class ChannelWords {
  private ChannelWords() {}

  static SignedVoucher sign(ChannelDomain domain, EthKey client, Address miner, TokenAmount total) {
    Voucher v = new Voucher(client.address(), miner, total);
    return new SignedVoucher(v, client.sign(ChannelDigests.voucher(domain, v)));
  }

  static SignedCloseConsent sign(ChannelDomain domain, EthKey miner, CloseConsent c) {
    return new SignedCloseConsent(c, miner.sign(ChannelDigests.closeConsent(domain, c)));
  }

  /** {@code client:miner:total in units:signature}. */
  static String print(SignedVoucher v) {
    return v.voucher().client()
        + ":"
        + v.voucher().miner()
        + ":"
        + v.voucher().total().units()
        + ":"
        + v.signature();
  }

  /** {@code nonce:last block:signature}. */
  static String print(SignedCloseConsent c) {
    return c.consent().nonce() + ":" + c.consent().executeBy() + ":" + c.signature();
  }

  /**
   * Reads a voucher.
   *
   * @throws IllegalArgumentException for anything else
   */
  static SignedVoucher voucher(String text) {
    try {
      String[] parts = parts(text, 4);
      return new SignedVoucher(
          new Voucher(
              Address.parse(parts[0]),
              Address.parse(parts[1]),
              new TokenAmount(new BigInteger(parts[2]))),
          signature(parts[3]));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a voucher: '"
              + text
              + "'; the client's 'granary channel voucher MINER TOTAL' prints one",
          e);
    }
  }

  /**
   * Reads a consent for the channel of these two.
   *
   * @throws IllegalArgumentException for anything else
   */
  static SignedCloseConsent consent(Address client, Address miner, String text) {
    try {
      String[] parts = parts(text, 3);
      return new SignedCloseConsent(
          new CloseConsent(
              client, miner, Long.parseLong(parts[0]), new BlockNumber(Long.parseLong(parts[1]))),
          signature(parts[2]));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a consent: '" + text + "'; the miner's 'granary miner consent CLIENT' prints one",
          e);
    }
  }

  private static String[] parts(String text, int count) {
    String[] parts = text.split(":", -1);
    if (parts.length != count) {
      throw new IllegalArgumentException("it has " + parts.length + " parts, not " + count);
    }
    return parts;
  }

  private static Signature signature(String text) {
    if (!text.startsWith("0x")) {
      throw new IllegalArgumentException("a signature begins with 0x");
    }
    return Signature.of(HexFormat.of().parseHex(text.substring(2)));
  }
}
