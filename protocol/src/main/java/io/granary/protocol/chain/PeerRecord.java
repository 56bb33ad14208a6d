package io.granary.protocol.chain;

import io.granary.proofs.Hash32;
import io.granary.protocol.values.Address;

/**
 * How to reach a registered peer and know that it is the one.
 *
 * @param id the peer's registered address
 * @param endpoint host:port
 * @param tlsKeyHash SHA-256 of its DER SubjectPublicKeyInfo (Protocol §8.1)
 */
public record PeerRecord(Address id, String endpoint, Hash32 tlsKeyHash) {}
