/** Deploying a market and remembering where it is. */
@NullMarked
package io.granary.contracts.deploy;

import org.jspecify.annotations.NullMarked;
