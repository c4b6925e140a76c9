/** Holds the documents to the code: what they name is there, what they show compiles and runs. */
@NullMarked
package dev.outbox.docs;

import org.jspecify.annotations.NullMarked;
