/** The whole market once through, in separate processes, on real input. */
@NullMarked
package io.granary.app.demo;

import org.jspecify.annotations.NullMarked;
