/**
 * The wire: TLS with pinned keys, call authentication, limits, and the mapping between messages and
 * domain values (Protocol §8).
 */
@NullMarked
package io.granary.protocol.grpc;

import org.jspecify.annotations.NullMarked;
