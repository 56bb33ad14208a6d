package io.granary.kill;

/**
 * A moment at which the process is killed.
 *
 * @param phase what the deal is at then
 * @param trigger what is awaited
 * @param what the line's event, the transaction's function, or the file's ending
 * @param number bytes of the file, or milliseconds after the process was started
 */
record KillPoint(Phase phase, Trigger trigger, String what, long number) {
  /** How far a deal is. */
  enum Phase {
    UPLOAD,
    SEAL,
    PUBLISH,
    ACTIVATE,
    PROVE,
    END,
    OVER
  }

  /** What says that the moment has come. */
  enum Trigger {
    /** A line of the log with that event. */
    LOGGED,
    /** A transaction has left the miner, and is not at the chain yet. */
    BEFORE_SENT,
    /** The chain has a transaction, and the miner does not know. */
    AFTER_SENT,
    /** A file in the miner's folder has so many bytes. */
    FILE,
    /** So long after the process was started, wherever it is then. */
    MILLIS
  }

  static KillPoint logged(Phase phase, String event) {
    return new KillPoint(phase, Trigger.LOGGED, event, 0);
  }

  static KillPoint beforeSent(Phase phase, String function) {
    return new KillPoint(phase, Trigger.BEFORE_SENT, function, 0);
  }

  static KillPoint afterSent(Phase phase, String function) {
    return new KillPoint(phase, Trigger.AFTER_SENT, function, 0);
  }

  static KillPoint file(Phase phase, String ending, long bytes) {
    return new KillPoint(phase, Trigger.FILE, ending, bytes);
  }

  static KillPoint millis(Phase phase, long millis) {
    return new KillPoint(phase, Trigger.MILLIS, "after the start", millis);
  }

  @Override
  public String toString() {
    return switch (trigger) {
      case LOGGED -> phase + ": it has logged " + what;
      case BEFORE_SENT -> phase + ": before " + what + " reaches the chain";
      case AFTER_SENT -> phase + ": " + what + " has reached the chain";
      case FILE -> phase + ": a file *" + what + " has " + number + " bytes";
      case MILLIS -> phase + ": " + number + " ms after its start";
    };
  }
}
