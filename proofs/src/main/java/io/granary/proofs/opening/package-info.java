/** Openings of one position in both trees of a deal, and their verdicts (Protocol §4, §6). */
@NullMarked
package io.granary.proofs.opening;

import org.jspecify.annotations.NullMarked;
