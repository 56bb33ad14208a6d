/**
 * Sending transactions: nonces, fees, resending, confirmations, and what a contract's refusal
 * means.
 */
@NullMarked
package io.granary.contracts.tx;

import org.jspecify.annotations.NullMarked;
