/** What a client must not forget: its files and their deals. */
@NullMarked
package io.granary.client.store;

import org.jspecify.annotations.NullMarked;
