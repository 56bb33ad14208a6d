/**
 * The renter's library: store a file with several miners, get it back verified, watch its deals.
 * The command line is a thin user of it.
 */
@NullMarked
package io.granary.client;

import org.jspecify.annotations.NullMarked;
