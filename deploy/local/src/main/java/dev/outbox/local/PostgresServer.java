package dev.outbox.local;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A PostgreSQL server, which asks for the password on every TCP connection. Stopping it cuts
 * connections (fast mode). Its own methods may be called by any thread.
 */
public interface PostgresServer extends RestartableServer {

  /** The host to connect to. */
  default String host() {
    return "localhost";
  }

  /** The port to connect to; it stays the same over restarts. */
  int port();

  /** The superuser, who may also replicate. */
  default String username() {
    return "postgres";
  }

  /** The password of {@link #username()}. */
  default String password() {
    return "postgres";
  }

  /** The JDBC URL of a database, without user and password. */
  default String jdbcUrl(String database) {
    return "jdbc:postgresql://%s:%d/%s".formatted(host(), port(), database);
  }

  /** Connects as {@link #username()}. */
  default Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(jdbcUrl(database), username(), password());
  }

  /** Connects as somebody else. */
  default Connection connect(String database, DatabaseRoles.Login login) throws SQLException {
    return DriverManager.getConnection(jdbcUrl(database), login.role(), login.password());
  }

  /**
   * Creates an empty database, so that a test shares a server but no data.
   *
   * @param prefix lower-case letters, digits and underscores, at most 30
   * @return its name: the prefix and something unique
   * @throws IllegalArgumentException if the prefix is none
   * @throws LocalStackException if the server refuses
   */
  default String createDatabase(String prefix) {
    if (!Pattern.matches("[a-z][a-z0-9_]{0,29}", prefix)) {
      throw new IllegalArgumentException(
          "Database prefix '%s' is not a letter and then up to 29 of a-z, 0-9 and _: choose another"
              .formatted(prefix));
    }
    String name = prefix + "_" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
      return name;
    } catch (SQLException e) {
      throw new LocalStackException("Cannot create the database " + name, e);
    }
  }
}
