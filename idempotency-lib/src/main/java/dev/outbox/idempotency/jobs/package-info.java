/**
 * Side effects that leave the database, as durable jobs: neither missed nor repeated.
 *
 * <p>{@link dev.outbox.idempotency.jobs.JobQueue} writes a job in the transaction of the business
 * change, once for (recipient, type, business id). {@link dev.outbox.idempotency.jobs.JobWorker}
 * runs it outside a transaction, again and again until it is done or given up, each time with the
 * same key, by which the receiver recognises a repeat.
 */
@NullMarked
package dev.outbox.idempotency.jobs;

import org.jspecify.annotations.NullMarked;
