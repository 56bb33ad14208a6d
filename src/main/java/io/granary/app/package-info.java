/**
 * The application: the command line, the local network, the demonstration, and the composition root
 * that wires the modules.
 */
@NullMarked
package io.granary.app;

import org.jspecify.annotations.NullMarked;
