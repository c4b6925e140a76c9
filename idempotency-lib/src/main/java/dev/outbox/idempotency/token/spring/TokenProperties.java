package dev.outbox.idempotency.token.spring;

import dev.outbox.idempotency.token.TokenTable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the one-time tokens.
 *
 * @param enabled whether one-time tokens are configured at all
 * @param schema schema of the table; without it the connection's search path decides
 * @param table name of the table, with its case
 * @param migrate whether the table is made and updated at start, after the application's own
 *     migrations
 * @param check whether the start is refused, with the reason, when the table is missing or unfit
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
