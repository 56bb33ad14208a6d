/** What {@code granary miner doctor} looks at: one finding a check, each with its remedy. */
@NullMarked
package io.granary.app.doctor;

import org.jspecify.annotations.NullMarked;
