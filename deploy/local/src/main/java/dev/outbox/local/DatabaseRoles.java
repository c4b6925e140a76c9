package dev.outbox.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The three roles of {@code docs/sql/roles.sql} in one database, made and granted by that very
 * file. Its methods may be called by any thread.
 *
 * @param server where the database is
 * @param database the database's name
 * @param owner owns the tables
 * @param service writes events
 * @param relay reads the write-ahead log
 */
public record DatabaseRoles(
    PostgresServer server, String database, Login owner, Login service, Login relay) {

  private static final String FILE = "roles.sql";

  /**
   * Who connects.
   *
   * @param role the role's name
   * @param password its password
   */
  public record Login(String role, String password) {

    /** Without the password. */
    @Override
    public String toString() {
      return "Login[" + role + "]";
    }
  }

  /**
   * Makes roles that only this database has. Roles belong to a whole server, so their names begin
   * with the database's.
   *
   * @throws LocalStackException if the server refuses
   */
  public static DatabaseRoles create(PostgresServer server, String database) {
    DatabaseRoles roles =
        new DatabaseRoles(
            server,
            database,
            new Login(database + "_owner", "owner"),
            new Login(database + "_service", "service"),
            new Login(database + "_relay", "relay"));
    roles.make();
    return roles;
  }

  /**
   * Makes the roles, with their passwords, and grants on the tables that are there.
   *
   * @throws LocalStackException if the server refuses
   */
  public void make() {
    administrate(
        connection -> {
          runFile(connection, Map.of());
          for (Login login : new Login[] {owner, service, relay}) {
            try (Statement statement = connection.createStatement()) {
              statement.execute(
                  "alter role %s password %s"
                      .formatted(
                          statement.enquoteIdentifier(login.role(), true),
                          statement.enquoteLiteral(login.password())));
            }
          }
        });
  }

  /**
   * Grants on the tables that have been made since.
   *
   * @throws LocalStackException if the server refuses
   */
  public void grant() {
    administrate(connection -> runFile(connection, Map.of()));
  }

  /**
   * The same for an outbox table of another name.
   *
   * @throws LocalStackException if the server refuses
   */
  public void grantOn(String schema, String table) {
    administrate(connection -> runFile(connection, Map.of("schema", schema, "table", table)));
  }

  /**
   * As {@link #grant}, and lets the service write its events as logical messages.
   *
   * @throws LocalStackException if the server refuses
   */
  public void grantWithMessages() {
    administrate(connection -> runFile(connection, Map.of("messages", "on")));
  }

  private interface Work {
    void with(Connection connection) throws SQLException;
  }

  private void administrate(Work work) {
    try (Connection connection = server.connect(database)) {
      work.with(connection);
    } catch (SQLException e) {
      throw new LocalStackException("Cannot make the roles of database " + database, e);
    }
  }

  private void runFile(Connection connection, Map<String, String> more) throws SQLException {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("owner", owner.role());
    settings.put("service", service.role());
    settings.put("relay", relay.role());
    try (PreparedStatement set =
        connection.prepareStatement("select set_config('outbox.roles.' || ?, ?, false)")) {
      for (Map.Entry<String, String> setting : settings.entrySet()) {
        set.setString(1, setting.getKey());
        set.setString(2, setting.getValue());
        set.execute();
      }
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(file());
    }
  }

  private static String file() {
    try (InputStream file = DatabaseRoles.class.getResourceAsStream(FILE)) {
      return new String(Objects.requireNonNull(file, FILE).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
