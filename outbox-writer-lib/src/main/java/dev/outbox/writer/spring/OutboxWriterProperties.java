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
 * @param enabled whether the writer is configured at all
 * @param medium what carries the events: rows of the table, or logical messages in the write-ahead
 *     log, which leave the table empty
 * @param schema schema of the outbox table; without it the connection's search path decides
 * @param table name of the outbox table, with its case
 * @param migrate whether the table is made and updated at start, after the application's own
 *     migrations and under a history of its own
 * @param check whether the start is refused, with the reason, when the table is missing or unfit
 * @param traceContext whether the current trace travels with the events as their headers {@code
 *     traceparent} and {@code tracestate}
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
