/**
 * An independent plain model of the market that a replay of the chain is held against (Protocol
 * §6).
 */
@NullMarked
package io.granary.auditor.replay;

import org.jspecify.annotations.NullMarked;
