package io.granary.miner.ops;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The node as of one block; {@code status.json} is this record.
 *
 * @param at when it was written, ISO-8601
 * @param miner the miner's identity
 * @param operator address of its hot key
 * @param endpoint host:port that peers are told
 * @param port the port it listens on
 * @param head newest block
 * @param period the proving period that the next block belongs to
 * @param proved whether it is proved
 * @param excused whether it is excused by announced maintenance
 * @param challengeBlock its challenge block
 * @param blocksLeft blocks of it after the head
 * @param capacityBytes disk offered, bytes
 * @param usedBytes of it in use
 * @param reservedBytes of it promised to accepted deals
 * @param unlocked tokens of the miner's account that no deal has locked
 * @param gasWei the operator's ether, wei
 * @param proofsInOutbox period proofs that their auditors have not answered
 * @param endpoints through which the chain is read, the preferred one first
 * @param transactions sent and not confirmed, lowest nonce first
 * @param rehearsal what the last look before a challenge block found; null before the first
 * @param dealsByStage number of deals at each stage
 * @param troubles the newest alerts, newest first
 */
public record NodeStatus(
    String at,
    String miner,
    String operator,
    String endpoint,
    int port,
    long head,
    long period,
    boolean proved,
    boolean excused,
    long challengeBlock,
    long blocksLeft,
    long capacityBytes,
    long usedBytes,
    long reservedBytes,
    String unlocked,
    String gasWei,
    long proofsInOutbox,
    List<Endpoint> endpoints,
    List<Transaction> transactions,
    @Nullable Rehearsal rehearsal,
    Map<String, Integer> dealsByStage,
    List<Trouble> troubles) {
  /**
   * One deal; {@code deals.json} is a list of these.
   *
   * @param id its id
   * @param stage where this node is with it
   * @param state what the chain said when it was last read; empty when it was not
   * @param bytes size of the piece
   * @param reason why it is where it is; empty when all is well
   */
  public record Deal(String id, String stage, String state, long bytes, String reason) {}

  /**
   * An endpoint of the chain.
   *
   * @param name scheme, host and port
   * @param state how it is: up, failing, down, standing, disagrees, other_chain
   * @param failures requests that it failed to answer since the start
   * @param reason why it is not up; empty when it is
   */
  public record Endpoint(String name, String state, long failures, String reason) {}

  /**
   * A transaction that was sent and is not confirmed.
   *
   * @param nonce of the operator's key
   * @param operation the contract's function
   * @param since when it was begun, ISO-8601
   * @param sent how often it was sent, each time with a higher fee
   * @param hash of the last of these
   * @param maxFeeWei most that it pays for a unit of gas, wei
   * @param lastBlock the last block in which it is of use; null: any
   */
  public record Transaction(
      long nonce,
      String operation,
      String since,
      int sent,
      String hash,
      String maxFeeWei,
      @Nullable Long lastBlock) {}

  /**
   * Whether a period could be proved, as seen just before its challenge block.
   *
   * @param period the period
   * @param at when it was looked at, ISO-8601
   * @param passed whether nothing was in the way
   * @param checks what was looked at
   */
  public record Rehearsal(long period, String at, boolean passed, List<Check> checks) {}

  /**
   * One thing looked at.
   *
   * @param name what
   * @param passed whether it is as it should be
   * @param found in words
   */
  public record Check(String name, boolean passed, String found) {}

  /**
   * One alert.
   *
   * @param at when, ISO-8601
   * @param event its name
   * @param severe whether money or bytes are lost or soon may be
   * @param message what happened
   * @param remedy what to do
   */
  public record Trouble(String at, String event, boolean severe, String message, String remedy) {}
}
