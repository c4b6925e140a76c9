/** The project's own documents, for the tests that hold them to the code. */
@NullMarked
package dev.outbox.local.documents;

import org.jspecify.annotations.NullMarked;
