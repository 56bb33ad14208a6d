/**
 * The miner's gRPC services: deals and uploads, retrieval, proofs on demand, and the client that
 * pushes proofs.
 */
@NullMarked
package io.granary.miner.grpc;

import org.jspecify.annotations.NullMarked;
