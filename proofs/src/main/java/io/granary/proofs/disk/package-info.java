/** Large files: pieces on their way in, and replicas. */
@NullMarked
package io.granary.proofs.disk;

import org.jspecify.annotations.NullMarked;
