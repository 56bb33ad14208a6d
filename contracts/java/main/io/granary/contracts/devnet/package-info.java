/** A local chain for development and tests; nothing in production depends on it. */
@NullMarked
package io.granary.contracts.devnet;

import org.jspecify.annotations.NullMarked;
