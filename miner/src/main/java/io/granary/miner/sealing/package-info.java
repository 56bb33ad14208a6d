/**
 * From the uploaded piece to the durable replica, on a few threads and within bounded memory
 * (Protocol §4).
 */
@NullMarked
package io.granary.miner.sealing;

import org.jspecify.annotations.NullMarked;
