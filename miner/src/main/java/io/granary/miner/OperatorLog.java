package io.granary.miner;

import io.granary.miner.ops.Alert;
import io.granary.miner.ops.MinerMetrics;
import io.granary.miner.ops.NodeStatus;
import io.granary.proofs.Hash32;
import io.granary.proofs.hash.HashEngine;
import io.granary.protocol.chain.OpenDemand;
import io.granary.protocol.chain.TxResult;
import io.granary.protocol.deal.DealStage;
import io.granary.protocol.deal.Refusal;
import io.granary.protocol.values.Address;
import io.granary.protocol.values.BlockNumber;
import io.granary.protocol.values.DealId;
import io.granary.protocol.values.Period;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Everything an operator should see, one method per event, with its values as keys. The newest
 * errors are kept for the status. Safe for several threads.
 */
public final class OperatorLog {
  private static final Logger LOG = LoggerFactory.getLogger("granary.miner");

  /** Errors kept for the status. */
  private static final int KEPT = 20;

  /**
   * Something that went wrong.
   *
   * @param at when
   * @param alert what
   * @param message what happened, with its values
   */
  public record Trouble(Instant at, Alert alert, String message) {
    /** The alert's name. */
    public String event() {
      return alert.code();
    }

    /** As status, health and webhook show it. */
    public NodeStatus.Trouble shown() {
      return new NodeStatus.Trouble(
          at.toString(), alert.code(), alert.isSevere(), message, alert.remedy());
    }
  }

  private final Clock clock;
  private final MinerMetrics metrics;
  private final Deque<Trouble> troubles = new ArrayDeque<>();
  private volatile Consumer<Trouble> listener = t -> {};

  /**
   * A log.
   *
   * @param clock stamps kept errors
   * @param metrics counts what is logged
   */
  public OperatorLog(Clock clock, MinerMetrics metrics) {
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Tells each trouble to somebody else too; it must not block. */
  public void onTrouble(Consumer<Trouble> other) {
    listener = other;
  }

  /** The newest errors, newest first. */
  public List<Trouble> troubles() {
    synchronized (troubles) {
      return List.copyOf(troubles);
    }
  }

  private void keep(Trouble trouble) {
    synchronized (troubles) {
      troubles.addFirst(trouble);
      if (troubles.size() > KEPT) {
        troubles.removeLast();
      }
    }
    listener.accept(trouble);
  }

  private LoggingEventBuilder info(String event) {
    metrics.happened(event);
    return LOG.atInfo().addKeyValue("event", event);
  }

  private LoggingEventBuilder alert(Alert alert, String message) {
    metrics.happened(alert.code());
    keep(new Trouble(clock.instant(), alert, message));
    return (alert.isSevere() ? LOG.atError() : LOG.atWarn())
        .addKeyValue("event", alert.code())
        .addKeyValue("reason", message)
        .addKeyValue("remedy", alert.remedy());
  }

  /** The node takes calls. */
  public void started(Address miner, String endpoint, int port, int deals) {
    info("started")
        .addKeyValue("miner", miner)
        .addKeyValue("endpoint", endpoint)
        .addKeyValue("port", port)
        .addKeyValue("deals", deals)
        .log("miner started");
  }

  /** It takes no deals and no calls any more and ends what runs, for so long at most. */
  public void draining(Duration most) {
    info("draining").addKeyValue("seconds", most.toSeconds()).log("ending what runs");
  }

  /** What ran has ended, or was cut. */
  public void drained(DrainReport report) {
    info("drained").addKeyValue("cut", report.cut()).log("nothing runs any more");
  }

  /** Bytes of an upload that the store counts are not on disk; their client sends them again. */
  public void uploadLost(DealId deal, long counted, long onDisk) {
    info("upload-lost")
        .addKeyValue("deal", deal)
        .addKeyValue("counted", counted)
        .addKeyValue("onDisk", onDisk)
        .log("an upload begins again");
  }

  /** Who gave a command did not end it, or did not wait for the answer. */
  public void adminPeerLost(Exception cause) {
    info("admin-peer-lost").addKeyValue("reason", cause).log("a command was not ended");
  }

  /** Commands for the running node cannot reach it. */
  public void adminUnavailable(Path socket, Exception cause) {
    alert(Alert.ADMIN_UNAVAILABLE, socket + ": " + cause.getMessage())
        .log("the admin socket cannot be opened");
  }

  /** The store was brought to a newer layout. */
  public void migrated(String what) {
    info("migrated").addKeyValue("what", what).log("store migrated");
  }

  /** The store was copied: before its layout is changed, or for a backup. */
  public void backedUp(Path directory) {
    info("backed-up").addKeyValue("directory", directory).log("store copied");
  }

  /** Metrics and health are served. */
  public void opsServed(String host, int port) {
    info("ops-served")
        .addKeyValue("host", host)
        .addKeyValue("port", port)
        .log("metrics and health are served");
  }

  /** Which engine hashes from now on, and why. */
  public void hashEngine(HashEngine.Choice choice) {
    info("hash-engine")
        .addKeyValue("engine", choice.engine())
        .addKeyValue("reason", choice.reason())
        .log("hash engine chosen");
  }

  /** The node has stopped. */
  public void stopped(Address miner) {
    info("stopped").addKeyValue("miner", miner).log("miner stopped");
  }

  /** A proposal was taken. */
  public void accepted(DealId deal, Address client, long bytes) {
    info("accepted")
        .addKeyValue("deal", deal)
        .addKeyValue("client", client)
        .addKeyValue("bytes", bytes)
        .log("proposal accepted");
  }

  /** A proposal was declined; normal business, so it is not kept as an error. */
  public void declined(DealId deal, Address client, Refusal refusal) {
    info("declined")
        .addKeyValue("deal", deal)
        .addKeyValue("client", client)
        .addKeyValue("code", refusal.code())
        .addKeyValue("actual", refusal.actual())
        .addKeyValue("acceptable", refusal.acceptable())
        .log("proposal declined");
  }

  /** The program that looks at proposals did not come to a decision. */
  public void dealCommandFailed(String reason) {
    alert(Alert.DEAL_COMMAND_FAILED, reason).log("deal command failed");
  }

  /** Bytes begin to arrive, from the start or where an earlier upload stopped. */
  public void uploadOpened(DealId deal, long offset, long size) {
    info("upload-opened")
        .addKeyValue("deal", deal)
        .addKeyValue("offset", offset)
        .addKeyValue("size", size)
        .log("upload opened");
  }

  /** All bytes are here and lead to the piece root. */
  public void uploaded(DealId deal, long size) {
    info("uploaded").addKeyValue("deal", deal).addKeyValue("size", size).log("upload complete");
  }

  /** The bytes are not those of the proposal; they were dropped. */
  public void wrongRoot(DealId deal, Refusal refusal) {
    alert(Alert.WRONG_ROOT, refusal.message()).addKeyValue("deal", deal).log("upload dropped");
  }

  /** The disk refused bytes of an upload. */
  public void uploadFailed(DealId deal, Refusal refusal, Throwable cause) {
    alert(Alert.UPLOAD_FAILED, refusal.message())
        .addKeyValue("deal", deal)
        .setCause(cause)
        .log("upload failed");
  }

  /** Sealing begins. */
  public void sealing(DealId deal, long size) {
    info("sealing").addKeyValue("deal", deal).addKeyValue("size", size).log("sealing");
  }

  /** A sealing goes on from what an earlier one has made durable. */
  public void sealingResumed(DealId deal, long keptBytes, int spoiledRanges) {
    info("sealing-resumed")
        .addKeyValue("deal", deal)
        .addKeyValue("keptBytes", keptBytes)
        .addKeyValue("spoiledRanges", spoiledRanges)
        .log("sealing goes on");
  }

  /** The piece tree of an upload is no use; the piece is hashed again while it is sealed. */
  public void pieceTreeUnusable(DealId deal, String reason) {
    info("piece-tree-unusable")
        .addKeyValue("deal", deal)
        .addKeyValue("reason", reason)
        .log("the piece is hashed again");
  }

  /** Replica and trees are durable. */
  public void sealed(DealId deal, long size, Duration took) {
    metrics.sealed(size, took);
    info("sealed")
        .addKeyValue("deal", deal)
        .addKeyValue("size", size)
        .addKeyValue("millis", took.toMillis())
        .addKeyValue("mbPerSecond", size / 1_000 / Math.max(1, took.toMillis()))
        .log("sealed");
  }

  /** A finished replica was found that the store did not know of; it is used as it is. */
  public void adopted(DealId deal) {
    info("adopted").addKeyValue("deal", deal).log("finished replica found and taken up");
  }

  /** Files of a deal that the store does not know; they stay until the operator decides. */
  public void unknownFiles(DealId deal) {
    alert(
            Alert.UNKNOWN_FILES,
            "there are files of deal "
                + deal
                + ", which the store does not know: bring back the newest copy of the store, or"
                + " move them away when the deal is over")
        .addKeyValue("deal", deal)
        .log("files of an unknown deal");
  }

  /** A staged piece is no longer what was uploaded; the client has to send it again. */
  public void stagedPieceChanged(DealId deal, String reason) {
    alert(
            Alert.STAGED_PIECE_CHANGED,
            "deal "
                + deal
                + ": "
                + reason
                + "; it was dropped and can be uploaded again, check the"
                + " disk")
        .addKeyValue("deal", deal)
        .log("STAGED PIECE CHANGED");
  }

  /** Sealing failed and will be tried again. */
  public void sealingFailed(DealId deal, String reason, Duration retryIn, Throwable cause) {
    alert(Alert.SEALING_FAILED, reason)
        .addKeyValue("deal", deal)
        .addKeyValue("retrySeconds", retryIn.toSeconds())
        .setCause(cause)
        .log("sealing failed");
  }

  /** A deal is at a new stage. */
  public void stage(DealId deal, DealStage stage) {
    info("stage").addKeyValue("deal", deal).addKeyValue("stage", stage).log("deal advanced");
  }

  /** A transaction went through. */
  public void sent(String operation, int deals, TxResult.Confirmed tx) {
    metrics.sent(operation, tx);
    info("sent")
        .addKeyValue("operation", operation)
        .addKeyValue("deals", deals)
        .addKeyValue("tx", tx.hash())
        .addKeyValue("block", tx.block().number())
        .addKeyValue("gas", tx.gasUsed())
        .log("transaction confirmed");
  }

  /** The contract refused a transaction. */
  public void refused(String operation, TxResult.Refused refusal) {
    alert(Alert.REFUSED, refusal.error() + ": " + refusal.message())
        .addKeyValue("operation", operation)
        .log("transaction refused");
  }

  /** The contract skipped one deal of a batch. */
  public void skipped(String operation, DealId deal, String reason) {
    alert(Alert.SKIPPED, deal + " was skipped: " + reason)
        .addKeyValue("operation", operation)
        .addKeyValue("deal", deal)
        .log("deal skipped");
  }

  /** A period was proved. */
  public void proved(Period period, TxResult.Confirmed tx, long slackBlocks, Duration took) {
    metrics.sent("prove", tx);
    metrics.proved(slackBlocks, took);
    info("proved")
        .addKeyValue("period", period)
        .addKeyValue("block", tx.block().number())
        .addKeyValue("slackBlocks", slackBlocks)
        .addKeyValue("gas", tx.gasUsed())
        .addKeyValue("tx", tx.hash())
        .addKeyValue("millis", took.toMillis())
        .log("period proved");
  }

  /** A look before the challenge block found nothing in the way of a proof. */
  public void rehearsed(Period period, long blocksLeft, List<String> found) {
    info("rehearsed")
        .addKeyValue("period", period)
        .addKeyValue("blocksLeft", blocksLeft)
        .addKeyValue("found", String.join("; ", found))
        .log("proof rehearsed");
  }

  /** A look before the challenge block found what would be in the way of a proof. */
  public void rehearsalFailed(Period period, String check, String found, long blocksLeft) {
    alert(
            Alert.REHEARSAL_FAILED,
            check
                + " would be in the way of the proof of period "
                + period
                + ", whose challenge block is "
                + blocksLeft
                + " blocks away: "
                + found)
        .addKeyValue("period", period)
        .addKeyValue("check", check)
        .log("proof rehearsal failed");
  }

  /** The endpoint has told of no new block for long. */
  public void headStands(long head, Duration since) {
    alert(
            Alert.HEAD_STANDS,
            "block " + head + " has been the newest for " + since.toMinutes() + " minutes")
        .addKeyValue("head", head)
        .log("no new block");
  }

  /** One of several endpoints is out: the others do its work. */
  public void endpointDown(String endpoint, String reason) {
    alert(Alert.ENDPOINT_DOWN, endpoint + ": " + reason)
        .addKeyValue("endpoint", endpoint)
        .log("an endpoint is out");
  }

  /** An endpoint that was told of is well again. */
  public void endpointBack(String endpoint) {
    info("endpoint-back").addKeyValue("endpoint", endpoint).log("an endpoint is back");
  }

  /** Endpoints tell different hashes of a block. */
  public void endpointsDisagree(String whoSaysWhat) {
    alert(Alert.ENDPOINTS_DISAGREE, whoSaysWhat).log("endpoints disagree");
  }

  /** A reorg gave the period another seed while its proof waited: it is made and sent anew. */
  public void seedChanged(Period period) {
    info("seed-changed").addKeyValue("period", period).log("the seed of a waiting proof changed");
  }

  /** Few blocks are left to prove the period. */
  public void proofIsTight(Period period, long slackBlocks) {
    alert(
            Alert.PROOF_IS_TIGHT,
            "period " + period + " is unproved with " + slackBlocks + " blocks left")
        .addKeyValue("period", period)
        .addKeyValue("slackBlocks", slackBlocks)
        .log("few blocks left to prove");
  }

  /** A replica does not open as it must: nothing was sent. */
  public void proofWithheld(Period period, String deal, long leaf, String reason) {
    alert(
            Alert.PROOF_WITHHELD,
            "deal " + deal + ", leaf " + leaf + ": " + reason + "; " + declare(deal))
        .addKeyValue("period", period)
        .addKeyValue("deal", deal)
        .addKeyValue("leaf", leaf)
        .log("PROOF WITHHELD: restore the replica before the period ends");
  }

  /** What takes a lost replica out of the draws, so that all other deals are proved again. */
  private static String declare(String deal) {
    return "if it stays lost, before the next challenge block: granary miner fault " + deal;
  }

  /** A period ended without the miner's proof. */
  public void missed(Period period) {
    alert(Alert.MISSED, "period " + period + " ended unproved")
        .addKeyValue("period", period)
        .log("PERIOD MISSED");
  }

  /** A replica was found damaged, outside proving. */
  public void damaged(DealId deal, String during, String reason) {
    alert(Alert.DAMAGED, "deal " + deal + ": " + reason + "; " + declare(deal.toString()))
        .addKeyValue("deal", deal)
        .addKeyValue("during", during)
        .log("replica damaged");
  }

  /** All that was damaged of a replica is right again. */
  public void mended(DealId deal) {
    info("mended").addKeyValue("deal", deal).log("replica is whole again");
  }

  /** A damaged replica stays in the draws: declaring it would cost more than that is likely to. */
  public void damageKept(DealId deal, double drawn) {
    info("damage-kept")
        .addKeyValue("deal", deal)
        .addKeyValue("drawnWithProbability", drawn)
        .log("damage is not declared: a declared fault would cost more than is likely to be lost");
  }

  /** The chain has a declared fault of a deal: nothing of it is proved until it has recovered. */
  public void faultDeclared(DealId deal, Period from) {
    alert(
            Alert.FAULT_DECLARED,
            "deal "
                + deal
                + " is faulty from period "
                + from
                + " on and costs a fee each period; when its replica is whole: granary miner recover "
                + deal)
        .addKeyValue("deal", deal)
        .addKeyValue("from", from)
        .log("FAULT DECLARED: restore the replica and recover the deal");
  }

  /** A faulty deal is in the proving set again. */
  public void recovered(DealId deal, Period from) {
    info("recovered").addKeyValue("deal", deal).addKeyValue("from", from).log("deal recovered");
  }

  /** A damaged tree file was built anew from the replica. */
  public void treeRebuilt(DealId deal, Path tree, Duration took) {
    info("tree-rebuilt")
        .addKeyValue("deal", deal)
        .addKeyValue("file", tree)
        .addKeyValue("millis", took.toMillis())
        .log("tree file rebuilt from the replica");
  }

  /** Period proofs were signed and stored. */
  public void periodProofs(Period period, int deals) {
    info("period-proofs")
        .addKeyValue("period", period)
        .addKeyValue("deals", deals)
        .log("period proofs signed");
  }

  /** An auditor answered. */
  public void pushed(Address auditor, int accepted, int refused) {
    info("pushed")
        .addKeyValue("auditor", auditor)
        .addKeyValue("accepted", accepted)
        .addKeyValue("refused", refused)
        .log("period proofs pushed");
  }

  /** An auditor refused a proof for good. */
  public void proofRefused(Address auditor, DealId deal, Period period, Refusal refusal) {
    alert(Alert.PROOF_REFUSED, refusal.code() + ": " + refusal.message())
        .addKeyValue("auditor", auditor)
        .addKeyValue("deal", deal)
        .addKeyValue("period", period)
        .log("auditor refused a period proof");
  }

  /** An auditor cannot be reached; its proofs wait in the outbox. */
  public void auditorUnreachable(Address auditor, String reason, Duration retryIn) {
    alert(Alert.AUDITOR_UNREACHABLE, reason)
        .addKeyValue("auditor", auditor)
        .addKeyValue("retrySeconds", retryIn.toSeconds())
        .log("auditor unreachable");
  }

  /** Proofs left the outbox unanswered because they are too old. */
  public void proofsExpired(long count) {
    alert(Alert.PROOFS_EXPIRED, count + " period proofs were never answered by their auditors")
        .addKeyValue("count", count)
        .log("unanswered period proofs dropped");
  }

  /** A deal is over. */
  public void over(DealId deal, DealStage stage, String reason) {
    info("over")
        .addKeyValue("deal", deal)
        .addKeyValue("stage", stage)
        .addKeyValue("reason", reason)
        .log("deal over");
  }

  /** The bytes of a deal are gone from the disk. */
  public void dataDeleted(DealId deal) {
    info("data-deleted").addKeyValue("deal", deal).log("data deleted");
  }

  /** A deal that was over long ago left the store. */
  public void forgotten(DealId deal) {
    info("forgotten").addKeyValue("deal", deal).log("deal forgotten");
  }

  /** The bytes of a deal that is over could not be deleted yet. */
  public void deleteFailed(DealId deal, Throwable cause) {
    alert(Alert.DELETE_FAILED, "deal " + deal + ": " + cause.getMessage())
        .addKeyValue("deal", deal)
        .setCause(cause)
        .log("data could not be deleted");
  }

  /** Collateral was cut for missed periods. */
  public void slashed(DealId deal, String tokens) {
    alert(Alert.SLASHED, "deal " + deal + ": " + tokens + " tokens of collateral")
        .addKeyValue("deal", deal)
        .addKeyValue("tokens", tokens)
        .log("collateral slashed");
  }

  /** Somebody demands a leaf on chain; without an answer the deal and its collateral are lost. */
  public void demanded(OpenDemand demand) {
    info("demanded")
        .addKeyValue("deal", demand.dealId())
        .addKeyValue("leaf", demand.leaf().value())
        .addKeyValue("byAuditor", demand.byAuditor())
        .addKeyValue("deadline", demand.deadline())
        .addKeyValue("bondWei", demand.bond())
        .log("a leaf is demanded");
  }

  /** A deal was extended or its client gave notice, or a reorg took its extension back. */
  public void endMoved(DealId deal, Period before, Period end) {
    info("end-moved")
        .addKeyValue("deal", deal)
        .addKeyValue("before", before)
        .addKeyValue("end", end)
        .log("deal goes on to another end");
  }

  /** The last block is no longer part of the chain. */
  public void reorg(BlockNumber block) {
    alert(Alert.REORG, "block " + block + " was reverted").addKeyValue("block", block).log("reorg");
  }

  /** The chain cannot be asked. */
  public void chainUnavailable(String loop, String reason, Duration retryIn) {
    alert(Alert.CHAIN_UNAVAILABLE, reason)
        .addKeyValue("loop", loop)
        .addKeyValue("retryMillis", retryIn.toMillis())
        .log("chain unavailable");
  }

  /** The chain answers again. */
  public void chainBack(String loop) {
    info("chain-back").addKeyValue("loop", loop).log("chain is back");
  }

  /** A step of a loop failed in a way that nobody expected; the loop goes on. */
  public void stepFailed(String loop, Throwable cause) {
    alert(Alert.STEP_FAILED, String.valueOf(cause))
        .addKeyValue("loop", loop)
        .setCause(cause)
        .log("step failed");
  }

  /** A loop met an error that nothing in this process can mend; the process ends. */
  public void loopDied(String loop, Error cause) {
    alert(Alert.LOOP_DIED, String.valueOf(cause))
        .addKeyValue("loop", loop)
        .setCause(cause)
        .log("LOOP DIED: the node ends, so that its supervisor starts it again");
  }

  /** The operator's ether runs low. */
  public void lowGas(Address operator, BigInteger wei, BigInteger wanted) {
    alert(
            Alert.LOW_GAS,
            "operator " + operator + " has " + wei + " wei; send it more than " + wanted)
        .addKeyValue("operator", operator)
        .addKeyValue("wei", wei)
        .log("operator's ether runs low");
  }

  /**
   * The registry says the next TLS key: it is the node's from now on, the one before for a while.
   */
  public void tlsKeyTaken(Hash32 tlsKeyHash, Duration overlap) {
    info("tls-key-taken")
        .addKeyValue("tlsKeyHash", tlsKeyHash)
        .addKeyValue("overlapSeconds", overlap.toSeconds())
        .log("the next TLS key is this node's; the one before is kept for a while");
  }

  /** The TLS key before this one was deleted. */
  public void tlsKeyDropped(Hash32 tlsKeyHash) {
    info("tls-key-dropped").addKeyValue("tlsKeyHash", tlsKeyHash).log("an old TLS key is deleted");
  }

  /** The TLS keys could not be read or changed; the server shows those that it had. */
  public void tlsKeyFailed(String reason) {
    alert(Alert.TLS_KEY_FAILED, reason).log("the TLS keys cannot be changed: {}", reason);
  }

  /** The registry says something else than this node is. */
  public void registryDiffers(String difference) {
    alert(Alert.REGISTRY_DIFFERS, difference).log("the registry differs: {}", difference);
  }

  /** The disk runs low. */
  public void lowDisk(long usableBytes, long wantedBytes) {
    alert(
            Alert.LOW_DISK,
            usableBytes + " bytes are free, " + wantedBytes + " should be; free some space")
        .addKeyValue("usableBytes", usableBytes)
        .log("disk runs low");
  }

  /**
   * Somebody who watched a deal could not be told; normal when a peer goes away, so it is not kept
   * as an error.
   */
  public void watcherFailed(DealId deal, Throwable cause) {
    info("watcher-failed")
        .addKeyValue("deal", deal)
        .addKeyValue("reason", cause.toString())
        .log("a watcher went away");
  }

  /** The status file could not be written. */
  public void statusNotWritten(Throwable cause) {
    alert(Alert.STATUS_NOT_WRITTEN, String.valueOf(cause.getMessage()))
        .setCause(cause)
        .log("status file not written");
  }
}
