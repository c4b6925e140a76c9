package dev.outbox.idempotency;

import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A database of one test. */
public record TestDatabase(String url, String user, String password) {

  /**
   * What waits for each other must not share a thread, as in the common pool of a small machine.
   */
  public static final Executor THREAD_EACH = task -> new Thread(task).start();

  public static TestDatabase empty(PostgresServer postgres) {
    return new TestDatabase(
        postgres.jdbcUrl(postgres.createDatabase("idempotency")),
        postgres.username(),
        postgres.password());
  }

  /** With a table of effects. */
  public static TestDatabase withEffects(PostgresServer postgres) throws SQLException {
    TestDatabase database = empty(postgres);
    database.execute(
        """
        create table effect (
          n bigint generated always as identity, event_id text, key text, payload text)
        """);
    return database;
  }

  public DataSource dataSource() {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url);
    dataSource.setUser(user);
    dataSource.setPassword(password);
    return dataSource;
  }

  /** A connection in a transaction; closing it rolls back what was not committed. */
  public Connection begin() throws SQLException {
    Connection connection = dataSource().getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  public void execute(String sql) throws SQLException {
    try (Connection connection = dataSource().getConnection()) {
      execute(connection, sql);
    }
  }

  public static void execute(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    }
  }

  /** The first column of every row, as text. */
  public List<String> query(String sql) throws SQLException {
    try (Connection connection = dataSource().getConnection();
        PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      List<String> result = new ArrayList<>();
      while (rows.next()) {
        result.add(String.valueOf(rows.getString(1)));
      }
      return result;
    }
  }

  /** The transactions that wait for another one. */
  public List<String> waitingForLocks() throws SQLException {
    return query(
        """
        select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        """);
  }
}
