package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencySchema;
import dev.outbox.idempotency.http.IdempotencyTable;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Makes or checks the table, when there is an endpoint that uses it: an application that has the
 * library for something else needs neither the table nor the right to make it.
 */
record IdempotencyTableInitializer(
    IdempotencyProperties properties, IdempotencyTable table, DataSource dataSource) {

  void initialize() throws SQLException {
    if (properties.migrate()) {
      IdempotencySchema.migrate(dataSource, table);
    } else if (properties.check()) {
      IdempotencySchema.check(dataSource, table);
    }
  }
}
