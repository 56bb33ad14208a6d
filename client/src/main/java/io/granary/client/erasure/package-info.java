/**
 * Erasure coding (docs/file-format.md, Shards): a file becomes n shards, any k of which give it
 * back.
 */
@NullMarked
package io.granary.client.erasure;

import org.jspecify.annotations.NullMarked;
