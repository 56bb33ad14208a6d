/** The market's logs as typed events, followed across reorgs. */
@NullMarked
package io.granary.contracts.events;

import org.jspecify.annotations.NullMarked;
