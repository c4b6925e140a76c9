package dev.outbox.idempotency.inbox;

import dev.outbox.local.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of one test, with the inbox and a table of effects that nothing but the inbox keeps
 * free of repeats.
 */
record TestDatabase(String url, String user, String password) {

  /**
   * What waits for each other must not share a thread, as in the common pool of a small machine.
   */
  static final Executor THREAD_EACH = task -> new Thread(task).start();

  static TestDatabase empty(PostgresServer postgres) {
    return new TestDatabase(
        postgres.jdbcUrl(postgres.createDatabase("inbox")),
        postgres.username(),
        postgres.password());
  }

  static TestDatabase migrated(PostgresServer postgres) throws SQLException {
    TestDatabase database = empty(postgres);
    database.execute(
        """
        create table effect (
          n bigint generated always as identity, event_id text, key text, payload text)
        """);
    InboxSchema.migrate(database.dataSource());
    return database;
  }

  DataSource dataSource() {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url);
    dataSource.setUser(user);
    dataSource.setPassword(password);
    return dataSource;
  }

  /** A connection in a transaction; closing it rolls back what was not committed. */
  Connection begin() throws SQLException {
    Connection connection = dataSource().getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = dataSource().getConnection()) {
      execute(connection, sql);
    }
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    }
  }

  /** The first column of every row, as text. */
  List<String> query(String sql) throws SQLException {
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

  /** The effects in the order they were applied. */
  List<String> effects() throws SQLException {
    return query("select event_id from effect order by n");
  }

  List<String> markers() throws SQLException {
    return query("select event_id from inbox_event order by event_id");
  }

  /** The transactions that wait for another one. */
  List<String> waitingForLocks() throws SQLException {
    return query(
        """
        select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        """);
  }

  static void insertEffect(Connection connection, String eventId) throws SQLException {
    insertEffect(connection, eventId, "", "");
  }

  static void insertEffect(Connection connection, ReceivedEvent event) throws SQLException {
    insertEffect(
        connection,
        event.id(),
        event.key().orElse(""),
        event.payload().map(bytes -> new String(bytes, StandardCharsets.UTF_8)).orElse(""));
  }

  private static void insertEffect(
      Connection connection, String eventId, String key, String payload) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into effect (event_id, key, payload) values (?, ?, ?)")) {
      insert.setString(1, eventId);
      insert.setString(2, key);
      insert.setString(3, payload);
      insert.execute();
    }
  }
}
