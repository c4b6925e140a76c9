package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.internal.SqlIdentifier;
import java.util.Optional;

/**
 * Where the jobs are kept.
 *
 * @param schema the schema, or empty for the first one of the connection's {@code search_path}
 * @param name the table, exactly as PostgreSQL stores it: case counts, quoting is done here
 * @throws IllegalArgumentException when a name is blank, contains NUL, or is longer than 63 bytes
 */
public record JobTable(Optional<String> schema, String name) {

  /** The name used when none is given: {@code durable_job}. */
  public static final String DEFAULT_NAME = "durable_job";

  /** {@code durable_job} in the connection's own schema. */
  public static final JobTable DEFAULT = new JobTable(Optional.empty(), DEFAULT_NAME);

  public JobTable {
    schema.ifPresent(s -> SqlIdentifier.check("job schema", s));
    SqlIdentifier.check("job table", name);
  }

  /** A table of this name in the connection's own schema. */
  public static JobTable named(String name) {
    return new JobTable(Optional.empty(), name);
  }

  /** A table of this name in this schema. */
  public static JobTable in(String schema, String name) {
    return new JobTable(Optional.of(schema), name);
  }

  /** The name as it stands in SQL, each part quoted, so that no name can become a statement. */
  String quoted() {
    return schema.map(s -> SqlIdentifier.quote(s) + ".").orElse("") + SqlIdentifier.quote(name);
  }
}
