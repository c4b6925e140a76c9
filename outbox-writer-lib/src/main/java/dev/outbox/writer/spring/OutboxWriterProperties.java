package dev.outbox.writer.spring;

import dev.outbox.writer.Medium;
import dev.outbox.writer.OutboxTable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * The writer's settings.
 *
 * @param enabled Whether to configure the outbox writer at all.
 * @param medium What carries the events: rows of the table, or logical messages in the write-ahead
 *     log, which leave the table empty.
 * @param schema Schema of the outbox table; without it the connection's search path decides.
 * @param table Name of the outbox table, without schema and with its case.
 * @param migrate Whether to create and update the table at start, by Flyway under a history table
 *     of its own and after the application's Flyway.
 * @param check Whether to check the table at start and to refuse to start when it is unfit.
 * @param traceContext Whether the current trace travels with the events as their headers
 *     traceparent and tracestate.
 */
@ConfigurationProperties("outbox.writer")
record OutboxWriterProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("table") Medium medium,
    @Nullable String schema,
    @DefaultValue("outbox_event") String table,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("true") boolean check,
    @DefaultValue("true") boolean traceContext) {

  OutboxTable outboxTable() {
    OutboxTable named = valid("outbox.writer.table", table, () -> OutboxTable.named(table));
    String inSchema = schema;
    return inSchema == null
        ? named
        : valid("outbox.writer.schema", inSchema, () -> named.inSchema(inSchema));
  }

  private static OutboxTable valid(String property, String value, Supplier<OutboxTable> maker) {
    try {
      return maker.get();
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationPropertyValueException(property, value, e.getMessage());
    }
  }
}
