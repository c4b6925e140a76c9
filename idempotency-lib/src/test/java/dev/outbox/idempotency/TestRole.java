package dev.outbox.idempotency;

import dev.outbox.local.DatabaseRoles;
import java.sql.SQLException;
import java.util.Objects;
import java.util.UUID;

/** A database as a user sees it who may not do everything. */
public final class TestRole {

  private TestRole() {}

  /** The same database for a new role that has only these privileges on the table. */
  public static TestDatabase with(String privileges, String table, TestDatabase database)
      throws SQLException {
    String role = "role_" + UUID.randomUUID().toString().replace("-", "");
    database.administer("create role %s login password 'x'".formatted(role));
    database.administer("grant %s on %s to %s".formatted(privileges, table, role));
    DatabaseRoles roles = Objects.requireNonNull(database.roles());
    database.administer("grant connect on database %s to %s".formatted(roles.database(), role));
    return new TestDatabase(database.url(), role, "x");
  }
}
