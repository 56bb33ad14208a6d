/**
 * What client, miner and auditor agree on: values, deals, signatures, the wire and the ports to the
 * chain.
 */
@NullMarked
package io.granary.protocol;

import org.jspecify.annotations.NullMarked;
