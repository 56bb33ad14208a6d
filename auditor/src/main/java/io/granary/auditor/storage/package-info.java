/** What an auditor keeps. */
@NullMarked
package io.granary.auditor.storage;

import org.jspecify.annotations.NullMarked;
