/**
 * Configures the outbox in a Spring Boot application that has a single (or a primary) {@link
 * javax.sql.DataSource}: inject {@link dev.outbox.writer.OutboxWriter} and append inside a
 * transaction. The settings start with {@code outbox.writer}.
 *
 * <p>Beans that the configuration picks up: {@link dev.outbox.writer.HeaderSource} adds headers,
 * {@link dev.outbox.writer.TenantTables} chooses the table at each append, {@link
 * dev.outbox.writer.spring.OutboxMapping} makes events of published domain events. {@link
 * dev.outbox.writer.spring.SpringOutboxes} makes further outboxes.
 */
@NullMarked
package dev.outbox.writer.spring;

import org.jspecify.annotations.NullMarked;
