package io.granary.protocol.chain;

/**
 * How one of the endpoints is through which the chain is read.
 *
 * @param name scheme, host and port; never what a key or password may be in
 * @param state how it is
 * @param failures requests that it failed to answer since the start
 * @param reason why it is not up, with the values that show it; empty when it is
 */
public record EndpointStatus(String name, State state, long failures, String reason) {
  /** How an endpoint is. */
  public enum State {
    /** It answers and is in step with the others. */
    UP,
    /** Its last answer failed to come; it is asked again after a pause. */
    FAILING,
    /** It has failed for so long that it has no vote any more. */
    DOWN,
    /** It answers, and tells of no new blocks while another does. */
    STANDING,
    /** It tells another hash of a block than others do. */
    DISAGREES,
    /** It is an endpoint of another chain. */
    OTHER_CHAIN
  }
}
