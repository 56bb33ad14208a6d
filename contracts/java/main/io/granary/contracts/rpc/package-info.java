/** JSON-RPC: one place that talks to an endpoint, retries, and says what failed. */
@NullMarked
package io.granary.contracts.rpc;

import org.jspecify.annotations.NullMarked;
