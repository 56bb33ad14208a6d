/** Pure choices: which miners, at what price, with which terms. */
@NullMarked
package io.granary.client.plan;

import org.jspecify.annotations.NullMarked;
