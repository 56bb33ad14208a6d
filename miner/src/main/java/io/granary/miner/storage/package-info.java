/**
 * Durable state: the repository interfaces that the miner's services use, and the piece, replica
 * and tree files beside them. A method that returns has made its effect durable.
 */
@NullMarked
package io.granary.miner.storage;

import org.jspecify.annotations.NullMarked;
