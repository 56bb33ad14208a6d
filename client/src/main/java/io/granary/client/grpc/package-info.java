/** Talking to miners: negotiation, resumable uploads, verified retrieval. */
@NullMarked
package io.granary.client.grpc;

import org.jspecify.annotations.NullMarked;
