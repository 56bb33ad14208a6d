package io.granary.protocol.deal;

/**
 * An expected "no" to a peer: what was wrong, with which value, and what would do.
 *
 * @param code stable, upper case, for example {@code ASK_EXPIRED}
 * @param message one sentence that names the value and the remedy
 * @param actual what the caller sent, printed; may be empty
 * @param acceptable what would have been accepted, printed; may be empty
 */
public record Refusal(String code, String message, String actual, String acceptable) {}
