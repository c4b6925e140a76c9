/**
 * Real PostgreSQL and real Kafka on this machine, for the demo, tests and benchmarks.
 *
 * <p>{@link dev.outbox.local.LocalStack} is both servers; tests get it by {@link
 * dev.outbox.local.WithLocalStack}.
 */
@NullMarked
package dev.outbox.local;

import org.jspecify.annotations.NullMarked;
