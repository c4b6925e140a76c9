/** What the parts of the library share and nobody else calls: tables and their migration. */
@NullMarked
package dev.outbox.idempotency.internal;

import org.jspecify.annotations.NullMarked;
