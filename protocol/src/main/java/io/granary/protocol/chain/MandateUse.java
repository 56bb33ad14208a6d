package io.granary.protocol.chain;

import io.granary.protocol.values.TokenAmount;

/**
 * What has become of a mandate (Protocol §3.8).
 *
 * @param used renewals made by it
 * @param revoked by its client: no more are made
 * @param spent of its budget
 */
public record MandateUse(long used, boolean revoked, TokenAmount spent) {}
