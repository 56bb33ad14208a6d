/** Encrypted key files. */
@NullMarked
package io.granary.contracts.keys;

import org.jspecify.annotations.NullMarked;
