/**
 * The auditor: takes the proofs that miners push, and replays the chain to check everything that
 * was ever decided there.
 */
@NullMarked
package io.granary.auditor;

import org.jspecify.annotations.NullMarked;
