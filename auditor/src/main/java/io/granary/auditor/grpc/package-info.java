/** The sink for pushed proofs, and pulling what was missed. */
@NullMarked
package io.granary.auditor.grpc;

import org.jspecify.annotations.NullMarked;
