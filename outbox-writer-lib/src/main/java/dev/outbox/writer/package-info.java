/**
 * Appends events to the transactional outbox, a PostgreSQL table, in the transaction of the
 * business change: either both are committed or neither is. The relay reads the committed rows from
 * the write-ahead log and publishes them to Kafka.
 *
 * <p>{@link dev.outbox.writer.JdbcOutbox} is the entry for plain JDBC, {@link
 * dev.outbox.writer.OutboxSchema} creates and checks the table. Spring Boot applications inject
 * {@link dev.outbox.writer.OutboxWriter}; see {@code dev.outbox.writer.spring}. What was appended
 * can be asserted with {@code dev.outbox.writer.test}.
 */
@NullMarked
package dev.outbox.writer;

import org.jspecify.annotations.NullMarked;
