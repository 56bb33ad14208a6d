package io.granary.miner.ops;

import java.util.Locale;

/**
 * What an operator is told of because something is to be done, or was lost. Each has a row in
 * docs/operations.md.
 */
public enum Alert {
  /** A client's bytes were not those of its proposal. */
  WRONG_ROOT(false, "nothing: the client can upload the right bytes while there is time"),
  /** The operator's program that looks at proposals failed to. */
  DEAL_COMMAND_FAILED(
      true, "run 'dealCommand' of miner.json by hand; until it works no new deal is taken"),
  /** The disk refused bytes of an upload. */
  UPLOAD_FAILED(true, "check the disk and its free space; the client goes on where it stopped"),
  /** There are files of a deal that the store does not know. */
  UNKNOWN_FILES(
      false, "bring back the newest copy of the store; move the files away when the deal is over"),
  /** A staged piece is no longer what was uploaded. */
  STAGED_PIECE_CHANGED(true, "check the disk; the client can upload the piece again"),
  /** Sealing failed and is tried again. */
  SEALING_FAILED(true, "check the disk and its free space; it is tried again by itself"),
  /** The contract refused a transaction. */
  REFUSED(false, "the reason names the remedy"),
  /** The contract skipped one deal of a batch. */
  SKIPPED(false, "the reason names the remedy"),
  /** A look before the challenge block found what would be in the way of a proof. */
  REHEARSAL_FAILED(
      true, "the reason says what is missing; it is looked at again until the challenge block"),
  /** The endpoint tells of no new block. */
  HEAD_STANDS(
      true,
      "compare with another endpoint: one that has lost its peers is to be mended, or another given with --rpc"),
  /** One of several endpoints is out. */
  ENDPOINT_DOWN(
      false,
      "the others go on: mend it, or leave it out of --rpc; with fewer than three, name another, because of two that disagree neither is believed"),
  /** Endpoints tell different hashes of a block. */
  ENDPOINTS_DISAGREE(
      true,
      "the one that others contradict is not used until it agrees; when it stays, leave it out of --rpc. When no majority is told, nothing is proved: compare with a block explorer, and name a third endpoint"),
  /** Few blocks are left to prove the period. */
  PROOF_IS_TIGHT(false, "look at what was logged just before: ether for gas, endpoint, disk"),
  /** A drawn leaf does not open, so the period cannot be proved. */
  PROOF_WITHHELD(
      true,
      "granary miner repair DEAL; it is tried again while the window is open. If it stays lost: granary miner fault DEAL"),
  /** A period ended unproved. */
  MISSED(true, "look at what was logged just before; its pay is lost and a slash is cut"),
  /** A replica is damaged, found outside proving. */
  DAMAGED(
      true,
      "granary miner repair DEAL before it is drawn; if it stays lost: granary miner fault DEAL"),
  /** The chain has a declared fault of a deal. */
  FAULT_DECLARED(true, "granary miner repair DEAL, then: granary miner recover DEAL"),
  /** An auditor refused a period proof for good. */
  PROOF_REFUSED(
      false,
      "the reason is the auditor's; when it is wrong, everything on chain is checked without it"),
  /** An auditor cannot be reached. */
  AUDITOR_UNREACHABLE(false, "nothing: its proofs wait and are pushed when it is back"),
  /** Period proofs were never answered by their auditors. */
  PROOFS_EXPIRED(false, "nothing: the auditor was away too long"),
  /** Bytes of a deal that is over could not be deleted. */
  DELETE_FAILED(
      true, "check the disk and the rights of the folder; it is tried again at the next start"),
  /** Collateral was cut. */
  SLASHED(true, "look at the periods that were missed before"),
  /** A block was taken back. */
  REORG(false, "nothing: what rested on it is done again"),
  /** The chain cannot be asked. */
  CHAIN_UNAVAILABLE(
      true,
      "start the endpoint, or give another with --rpc; everything goes on by itself when it answers"),
  /** A round of a loop failed in a way that nobody expected. */
  STEP_FAILED(true, "it is tried again; when it stays, report it with the log"),
  /** A loop met an error that this process cannot mend. */
  LOOP_DIED(true, "the node ends; its supervisor starts it again. More heap when it comes back"),
  /** The operator's ether runs out. */
  LOW_GAS(false, "send the operator ether"),
  /** The registry says something else than this node is. */
  REGISTRY_DIFFERS(false, "the reason names the command"),
  /** The node's TLS keys could not be read or changed. */
  TLS_KEY_FAILED(
      false,
      "check the tls-*.pem files of the miner's folder and their rights, or restore them; it is tried again at each block"),
  /** The disk runs full. */
  LOW_DISK(false, "free some space"),
  /** The socket for commands to the running node could not be opened. */
  ADMIN_UNAVAILABLE(
      false,
      "keep the miner's folder on a local disk, at a path below 90 bytes; until then back up while the node is stopped, and drain with SIGTERM"),
  /** The status file could not be written. */
  STATUS_NOT_WRITTEN(false, "check the disk and the rights of the folder");

  private final boolean severe;
  private final String remedy;

  Alert(boolean severe, String remedy) {
    this.severe = severe;
    this.remedy = remedy;
  }

  /** The name in logs, metrics and documents, for example {@code proof-withheld}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** True when money or bytes are lost or soon may be; then it is logged as an error. */
  public boolean isSevere() {
    return severe;
  }

  /** What to do. */
  public String remedy() {
    return remedy;
  }
}
