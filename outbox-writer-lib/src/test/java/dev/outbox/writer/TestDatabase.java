package dev.outbox.writer;

import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A database of one test's own, and short ways to look into it from a connection of its own. */
public final class TestDatabase {

  private final PostgresServer server;
  private final String name;

  private TestDatabase(PostgresServer server, String name) {
    this.server = server;
    this.name = name;
  }

  public static TestDatabase empty(PostgresServer server) {
    return new TestDatabase(server, server.createDatabase("writer"));
  }

  public static TestDatabase withOutbox(PostgresServer server) {
    TestDatabase database = empty(server);
    OutboxSchema.of(OutboxTable.DEFAULT).migrate(database.dataSource());
    return database;
  }

  public DataSource dataSource() {
    return dataSource(server.username(), server.password());
  }

  public DataSource dataSource(String user, String password) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url());
    dataSource.setUser(user);
    dataSource.setPassword(password);
    return dataSource;
  }

  public String url() {
    return server.jdbcUrl(name);
  }

  /** A connection on which a transaction begins with the first statement. */
  public Connection begin() throws SQLException {
    Connection connection = dataSource().getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  public void execute(String sql) throws SQLException {
    try (Connection connection = dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The rows that are committed, columns joined by {@code |}. */
  public List<String> rows(String sql) throws SQLException {
    try (Connection connection = dataSource().getConnection()) {
      return rows(connection, sql);
    }
  }

  public static List<String> rows(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          columns.add(String.valueOf(result.getString(i)));
        }
        rows.add(String.join("|", columns));
      }
      return rows;
    }
  }
}
