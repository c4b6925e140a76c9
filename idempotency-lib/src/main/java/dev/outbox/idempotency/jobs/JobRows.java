package dev.outbox.idempotency.jobs;

import java.sql.ResultSet;
import java.sql.SQLException;

/** How rows are read. */
final class JobRows {

  private JobRows() {}

  static JobKey key(ResultSet row) throws SQLException {
    return new JobKey(
        row.getString("recipient"), row.getString("type"), row.getString("business_id"));
  }
}
