/** Seal profiles and the sealing and unsealing of replicas (Protocol §4). */
@NullMarked
package io.granary.proofs.seal;

import org.jspecify.annotations.NullMarked;
