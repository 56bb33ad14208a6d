package io.granary.contracts.keys;

import io.granary.protocol.crypto.EthKey;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.web3j.crypto.Bip32ECKeyPair;
import org.web3j.crypto.MnemonicUtils;
import org.web3j.utils.Numeric;

/**
 * The words that a wallet's key follows from (BIP-39, English, no passphrase), by the path that
 * Ethereum wallets take for their first account (BIP-44). They never show in {@link #toString}.
 */
public final class RecoveryPhrase {
  private static final int HARDENED = Bip32ECKeyPair.HARDENED_BIT;

  /** m/44'/60'/0'/0/0. */
  private static final int[] PATH = {44 | HARDENED, 60 | HARDENED, HARDENED, 0, 0};

  private static final List<String> LIST = MnemonicUtils.getWords();

  /** How many words are named in place of a wrong one. */
  private static final int NEAREST = 3;

  private final List<String> words;

  private RecoveryPhrase(List<String> words) {
    this.words = words;
  }

  /**
   * A new phrase.
   *
   * @param words how many: 12, 15, 18, 21 or 24
   */
  public static RecoveryPhrase generate(int words) {
    requireCount(words);
    // Eleven bits a word, of which one in 33 is checksum.
    byte[] entropy = new byte[words / 3 * 4];
    new SecureRandom().nextBytes(entropy);
    return of(entropy);
  }

  static RecoveryPhrase of(byte[] entropy) {
    return new RecoveryPhrase(List.of(MnemonicUtils.generateMnemonic(entropy).split(" ")));
  }

  /**
   * Reads a phrase; upper case and any white space between the words do not matter.
   *
   * @throws IllegalArgumentException when it has a wrong number of words, a word that is not in the
   *     list, or a checksum that does not fit
   */
  public static RecoveryPhrase parse(String text) {
    List<String> words =
        Pattern.compile("\\s+")
            .splitAsStream(text.strip().toLowerCase(Locale.ROOT))
            .filter(word -> !word.isEmpty())
            .toList();
    requireCount(words.size());
    for (int i = 0; i < words.size(); i++) {
      if (!LIST.contains(words.get(i))) {
        throw new IllegalArgumentException(
            "word "
                + (i + 1)
                + " of the recovery phrase, '"
                + words.get(i)
                + "', is not in the list of BIP-39; nearest are "
                + nearest(words.get(i)));
      }
    }
    if (!MnemonicUtils.validateMnemonic(String.join(" ", words))) {
      throw new IllegalArgumentException(
          "the recovery phrase's checksum does not fit: a word is another one, or they are in"
              + " another order; compare it with what was written down");
    }
    return new RecoveryPhrase(words);
  }

  private static void requireCount(int words) {
    if (words < 12 || words > 24 || words % 3 != 0) {
      throw new IllegalArgumentException(
          "a recovery phrase has 12, 15, 18, 21 or 24 words, not " + words);
    }
  }

  private static String nearest(String wrong) {
    return LIST.stream()
        .sorted(Comparator.comparingInt(word -> distance(word, wrong)))
        .limit(NEAREST)
        .collect(Collectors.joining(", "));
  }

  /** The least number of letters to insert, remove, replace or swap with the next. */
  private static int distance(String one, String other) {
    int[][] least = new int[one.length() + 1][other.length() + 1];
    for (int i = 0; i <= one.length(); i++) {
      for (int j = 0; j <= other.length(); j++) {
        if (i == 0 || j == 0) {
          least[i][j] = i + j;
          continue;
        }
        boolean same = one.charAt(i - 1) == other.charAt(j - 1);
        least[i][j] =
            Math.min(
                least[i - 1][j - 1] + (same ? 0 : 1),
                1 + Math.min(least[i - 1][j], least[i][j - 1]));
        if (i > 1
            && j > 1
            && one.charAt(i - 1) == other.charAt(j - 2)
            && one.charAt(i - 2) == other.charAt(j - 1)) {
          least[i][j] = Math.min(least[i][j], least[i - 2][j - 2] + 1);
        }
      }
    }
    return least[one.length()][other.length()];
  }

  /** Its words, in order; keep them out of logs. */
  public List<String> words() {
    return words;
  }

  /** The key of the wallet. */
  public EthKey key() {
    byte[] seed = MnemonicUtils.generateSeed(String.join(" ", words), "");
    Bip32ECKeyPair pair = Bip32ECKeyPair.deriveKeyPair(Bip32ECKeyPair.generateKeyPair(seed), PATH);
    return EthKey.of(Numeric.toBytesPadded(pair.getPrivateKey(), 32));
  }

  @Override
  public String toString() {
    return "RecoveryPhrase[" + words.size() + " words]";
  }
}
