package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.InboxTable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the inbox.
 *
 * @param enabled whether the inbox is configured at all
 * @param schema schema of the inbox table; the data source's own schema unless set
 * @param table name of the inbox table
 * @param migrate whether the table is made and upgraded at start, after the application's own
 *     migrations
 * @param check whether the table is checked at start when it is not migrated
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
