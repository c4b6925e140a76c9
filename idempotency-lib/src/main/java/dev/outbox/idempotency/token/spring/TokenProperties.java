package dev.outbox.idempotency.token.spring;

import dev.outbox.idempotency.token.TokenTable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the one-time tokens.
 *
 * @param enabled whether one-time tokens are configured at all
 * @param schema schema of the token table; the data source's own schema unless set
 * @param table name of the token table
 * @param migrate whether the table is made and upgraded at start, after the application's own
 *     migrations
 * @param check whether the table is checked at start when it is not migrated
 */
@ConfigurationProperties("outbox.token")
record TokenProperties(
    @DefaultValue("false") boolean enabled,
    @Nullable String schema,
    @DefaultValue(TokenTable.DEFAULT_NAME) String table,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("true") boolean check) {

  TokenTable tokenTable() {
    return schema == null || schema.isEmpty()
        ? TokenTable.named(table)
        : TokenTable.in(schema, table);
  }
}
