/** The relay: publishes committed outbox rows from PostgreSQL's write-ahead log to Kafka. */
@NullMarked
package dev.outbox.relay;

import org.jspecify.annotations.NullMarked;
