/** Ethereum keys, signatures and the EIP-712 digests of Protocol §3.1 and §8. */
@NullMarked
package io.granary.protocol.crypto;

import org.jspecify.annotations.NullMarked;
