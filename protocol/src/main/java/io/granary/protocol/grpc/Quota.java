package io.granary.protocol.grpc;

/**
 * How much one peer may ask of a node (Protocol §8.6). A peer is an IP address, or a /64 network of
 * IPv6, whoever calls from there; and a caller, wherever it calls from.
 *
 * @param callsPerMinute calls a minute; as many may come at once after a minute's silence
 * @param callsAtATime calls that run at the same time, streams included
 */
public record Quota(int callsPerMinute, int callsAtATime) {
  private static final int MOST = 1_000_000;

  /**
   * Fifty calls a second, which is above what a renter's commands or a miner's pushes make, and
   * half of the retrievals that a miner serves at a time.
   */
  public static final Quota STANDARD = new Quota(3_000, 32);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the first that cannot be used, and what would do
   */
  public Quota {
    check("callsPerMinute", callsPerMinute);
    check("callsAtATime", callsAtATime);
  }

  private static void check(String name, int value) {
    if (value < 1 || value > MOST) {
      throw new IllegalArgumentException(
          name + " lies between 1 and " + MOST + " for one peer, not " + value);
    }
  }
}
