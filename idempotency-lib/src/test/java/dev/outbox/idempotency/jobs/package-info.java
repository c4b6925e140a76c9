/** Tests of durable jobs on a real database and a real receiver. */
@NullMarked
package dev.outbox.idempotency.jobs;

import org.jspecify.annotations.NullMarked;
