/** A market in memory and miners that follow a script, for tests of the client. */
@NullMarked
package io.granary.client.testing;

import org.jspecify.annotations.NullMarked;
