/** Setting up and running miners, auditors and local networks. */
@NullMarked
package io.granary.app.node;

import org.jspecify.annotations.NullMarked;
