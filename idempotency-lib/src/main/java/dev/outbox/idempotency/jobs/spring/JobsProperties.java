package dev.outbox.idempotency.jobs.spring;

import dev.outbox.idempotency.jobs.JobTable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the durable jobs.
 *
 * @param enabled whether durable jobs are configured at all
 * @param schema schema of the table; without it the connection's search path decides
 * @param table name of the table, with its case
 * @param migrate whether the table is made and updated at start, after the application's own
 *     migrations
 * @param check whether the start is refused, with the reason, when the table is missing or unfit
 */
@ConfigurationProperties("outbox.jobs")
record JobsProperties(
    @DefaultValue("false") boolean enabled,
    @Nullable String schema,
    @DefaultValue(JobTable.DEFAULT_NAME) String table,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("true") boolean check) {

  JobTable jobTable() {
    return schema == null || schema.isEmpty() ? JobTable.named(table) : JobTable.in(schema, table);
  }
}
