/** The auditor's store in RocksDB. */
@NullMarked
package io.granary.auditor.storage.rocksdb;

import org.jspecify.annotations.NullMarked;
