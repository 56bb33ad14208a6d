/**
 * Small immutable values that both sides name things with; constructors validate, units are in the
 * names.
 */
@NullMarked
package io.granary.protocol.values;

import org.jspecify.annotations.NullMarked;
