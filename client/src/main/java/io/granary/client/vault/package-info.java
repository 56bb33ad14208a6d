/**
 * Encryption of files: what leaves this machine is sealed under a key of the file, and that key
 * under one that the wallet gives (docs/file-format.md).
 */
@NullMarked
package io.granary.client.vault;

import org.jspecify.annotations.NullMarked;
