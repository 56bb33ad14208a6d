/**
 * The ports through which every role sees the chain; the contracts module implements them. Nothing
 * here knows of web3j.
 */
@NullMarked
package io.granary.protocol.chain;

import org.jspecify.annotations.NullMarked;
