/** Tests of idempotency keys for HTTP. */
@NullMarked
package dev.outbox.idempotency.http;

import org.jspecify.annotations.NullMarked;
