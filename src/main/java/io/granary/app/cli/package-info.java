/** Commands: each parses its options, calls the library, and prints for people or as JSON. */
@NullMarked
package io.granary.app.cli;

import org.jspecify.annotations.NullMarked;
