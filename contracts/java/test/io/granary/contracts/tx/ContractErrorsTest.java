package io.granary.contracts.tx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Every error that the contracts can raise has a name, its numbers, and a remedy. */
class ContractErrorsTest {
  @Test
  void every_error_of_the_abis_has_a_remedy() {
    for (String name : ContractErrors.names()) {
      assertTrue(Remedies.has(name), "no remedy for " + name);
    }
  }

  @Test
  void a_known_error_shows_its_arguments() {
    // WithdrawalNotDue(uint256 releaseBlock, uint256 currentBlock)
    String selector =
        io.granary.protocol.crypto.Keccak.hash(
                "WithdrawalNotDue(uint256,uint256)"
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8))
            .toHex()
            .substring(0, 8);
    var refused =
        ContractErrors.decode(
            "0x" + selector + "0".repeat(62) + "20" + "0".repeat(62) + "1f", "reverted");
    assertEquals("WithdrawalNotDue", refused.error());
    assertTrue(
        refused.message().startsWith("releaseBlock 32, currentBlock 31: "), refused.message());
  }

  @Test
  void an_unknown_one_says_so_and_keeps_what_is_known() {
    var refused = ContractErrors.decode("0xdeadbeef", "execution reverted");
    assertEquals("Unknown", refused.error());
    assertTrue(
        refused.message().contains("0xdeadbeef")
            && refused.message().contains("execution reverted"),
        refused.message());
    assertEquals("Unknown", ContractErrors.decode("", "out of gas").error());
    // Too short for its arguments: the name is still told.
    assertEquals(
        "WithdrawalNotDue",
        ContractErrors.decode(
                "0x"
                    + io.granary.protocol.crypto.Keccak.hash(
                            "WithdrawalNotDue(uint256,uint256)"
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8))
                        .toHex()
                        .substring(0, 8),
                "x")
            .error());
  }
}
