package dev.outbox.local;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A PostgreSQL server that can be stopped, killed and started again, always on the same port and
 * with the same data. It asks for the password on every TCP connection.
 *
 * <p>Not for concurrent {@code start}, {@code stop} and {@code kill}; the other methods may be
 * called by any thread.
 */
public interface PostgresServer extends AutoCloseable {

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

  /**
   * Starts the server, on what data there is, and returns when it accepts connections. Does nothing
   * when it runs.
   *
   * @throws LocalStackException if it does not start; the message contains the server's own words
   */
  void start();

  /** Stops the server cleanly, cutting connections (fast mode). Does nothing when it is stopped. */
  void stop();

  /** Ends the whole server as {@code kill -9} or a power cut would; the next start recovers. */
  void kill();

  /** Stops the server for good and deletes its data if they were temporary. */
  @Override
  void close();

  /** The JDBC URL of a database, without user and password. */
  default String jdbcUrl(String database) {
    return "jdbc:postgresql://%s:%d/%s".formatted(host(), port(), database);
  }

  /** Connects as {@link #username()}. */
  default Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(jdbcUrl(database), username(), password());
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
