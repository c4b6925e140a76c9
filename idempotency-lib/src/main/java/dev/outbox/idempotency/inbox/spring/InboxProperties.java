package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.InboxTable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the inbox.
 *
 * @param enabled whether the inbox is configured at all
 * @param schema schema of the table; without it the connection's search path decides
 * @param table name of the table, with its case; not those of {@code inbox_position} and {@code
 *     inbox_dead_letter}
 * @param migrate whether the table is made and updated at start, after the application's own
 *     migrations
 * @param check whether the start is refused, with the reason, when the table is missing or unfit
 */
@ConfigurationProperties("outbox.inbox")
record InboxProperties(
    @DefaultValue("true") boolean enabled,
    @Nullable String schema,
    @DefaultValue(InboxTable.DEFAULT_NAME) String table,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("true") boolean check) {

  InboxTable inboxTable() {
    return schema == null || schema.isEmpty()
        ? InboxTable.named(table)
        : InboxTable.in(schema, table);
  }
}
