/**
 * Configures the outbox in a Spring Boot application that has a single (or a primary) {@link
 * javax.sql.DataSource}: inject {@link dev.outbox.writer.OutboxWriter} and append inside a
 * transaction. The settings start with {@code outbox.writer}.
 */
@NullMarked
package dev.outbox.writer.spring;

import org.jspecify.annotations.NullMarked;
