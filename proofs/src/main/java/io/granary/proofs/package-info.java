/**
 * Pure proofs of storage: pieces, trees, seals, challenges and their verification. The JDK only;
 * nothing here knows of chains, gRPC or databases.
 */
@NullMarked
package io.granary.proofs;

import org.jspecify.annotations.NullMarked;
