/**
 * The repositories on RocksDB, the only place that knows it. Column families: {@code meta} (schema
 * stamp), {@code deals}, {@code uploads}, {@code proofs}, {@code outbox}; each value starts with
 * the version byte of its layout.
 */
@NullMarked
package io.granary.miner.storage.rocksdb;

import org.jspecify.annotations.NullMarked;
