/**
 * What the operator asks of the running node, over a Unix domain socket in the miner's folder that
 * only the node's user can reach. One request a connection, one line of JSON each way.
 */
@NullMarked
package io.granary.miner.admin;

import org.jspecify.annotations.NullMarked;
