package dev.outbox.idempotency;

import java.sql.SQLException;
import java.util.UUID;

/** A database as a user sees it who may not do everything. */
public final class TestRole {

  private TestRole() {}

  /** The same database for a new role that has only these privileges on the table. */
  public static TestDatabase with(String privileges, String table, TestDatabase database)
      throws SQLException {
    String role = "role_" + UUID.randomUUID().toString().replace("-", "");
    database.execute("create role %s login password 'x'".formatted(role));
    database.execute("grant %s on %s to %s".formatted(privileges, table, role));
    return new TestDatabase(database.url(), role, "x");
  }
}
