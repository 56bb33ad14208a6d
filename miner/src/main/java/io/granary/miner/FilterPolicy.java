package io.granary.miner;

import io.granary.protocol.values.Address;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Whose deals a miner takes, and how many, beside its ask. Renewals by the client's signature obey
 * the two lists; mandates run on chain, by the owner's renewal limits alone (Protocol §3.8).
 *
 * @param allowed only these clients; empty: everyone
 * @param denied never these, allowed or not
 * @param dealsPerHour most deals of one client taken in any hour; 0: no limit
 * @param bytesPerHour most bytes of one client's deals taken in any hour; 0: no limit
 * @param command a program and its arguments that is asked about each proposal that everything else
 *     would take; empty: nobody is asked
 * @param commandDeadline how long it may take, 1 to 20 seconds: a client waits for 30
 */
public record FilterPolicy(
    Set<Address> allowed,
    Set<Address> denied,
    long dealsPerHour,
    long bytesPerHour,
    List<String> command,
    Duration commandDeadline) {
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofSeconds(20);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException naming the first that cannot be used, and what would do
   */
  public FilterPolicy {
    allowed = Set.copyOf(allowed);
    denied = Set.copyOf(denied);
    command = List.copyOf(command);
    if (dealsPerHour < 0 || bytesPerHour < 0) {
      throw new IllegalArgumentException(
          "clientDealsPerHour and clientBytesPerHour are not negative, not "
              + dealsPerHour
              + " and "
              + bytesPerHour
              + "; 0 means no limit");
    }
    if (!command.isEmpty() && command.getFirst().isBlank()) {
      throw new IllegalArgumentException(
          "dealCommand begins with a program, for example [\"/usr/local/bin/look\", \"--deal\"]");
    }
    if (commandDeadline.compareTo(SHORTEST) < 0 || commandDeadline.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "dealCommandSeconds lies between 1 and 20, not " + commandDeadline.toSeconds());
    }
  }

  /** Everyone, as much as there is room for; a command would have ten seconds. */
  public static FilterPolicy none() {
    return new FilterPolicy(Set.of(), Set.of(), 0, 0, List.of(), Duration.ofSeconds(10));
  }

  /** Whether deals of a client are taken at all. */
  public boolean admits(Address client) {
    return !denied.contains(client) && (allowed.isEmpty() || allowed.contains(client));
  }
}
