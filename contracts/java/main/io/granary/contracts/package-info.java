/** The chain behind protocol's ports: the only user of web3j, which does not leak. */
@NullMarked
package io.granary.contracts;

import org.jspecify.annotations.NullMarked;
