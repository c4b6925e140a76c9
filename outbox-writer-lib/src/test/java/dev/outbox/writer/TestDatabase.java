package dev.outbox.writer;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of one test's own, in which a service writes with the role of {@code
 * docs/sql/roles.sql}, and short ways to look into it as its administrator.
 */
public final class TestDatabase {

  private static final Path PUBLISHED = Path.of("..", "docs", "sql", "outbox_event.sql");

  private final PostgresServer server;
  private final DatabaseRoles roles;

  private TestDatabase(PostgresServer server) {
    this.server = server;
    this.roles = DatabaseRoles.create(server, server.createDatabase("writer"));
  }

  /** Tables that a test makes by {@link #execute} are the service's own, and open to all. */
  public static TestDatabase empty(PostgresServer server) {
    TestDatabase database = new TestDatabase(server);
    try {
      database.execute(
          "alter default privileges grant all on tables to %s, %s"
              .formatted(database.roles.service().role(), database.roles.owner().role()));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return database;
  }

  public static TestDatabase withOutbox(PostgresServer server) {
    TestDatabase database = empty(server);
    database.applyPublished();
    return database;
  }

  /** The published table, which {@link OutboxSchemaTest} holds equal, takes a tenth of the time. */
  private void applyPublished() {
    try (Connection connection = owner().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(Files.readString(PUBLISHED));
    } catch (SQLException | IOException e) {
      throw new IllegalStateException(e);
    }
    roles.grant();
  }

  /** Makes this outbox table with the owner's role, and lets the service write to it. */
  public void migrate(OutboxTable table) {
    OutboxSchema.of(table).migrate(owner());
    String schema = table.schema();
    roles.grantOn(schema == null ? "public" : schema, table.name());
  }

  /** Lets the service read its events too, as a test of a service may need it. */
  public void letServiceRead() throws SQLException {
    execute("grant select on outbox_event to " + roles.service().role());
  }

  /** Who may do what. */
  public DatabaseRoles roles() {
    return roles;
  }

  /** Connections of the service that writes. */
  public DataSource dataSource() {
    return dataSource(roles.service().role(), roles.service().password());
  }

  /** Connections of the role that makes tables. */
  public DataSource owner() {
    return dataSource(roles.owner().role(), roles.owner().password());
  }

  /** Connections of the superuser. */
  public DataSource administrator() {
    return dataSource(server.username(), server.password());
  }

  public DataSource dataSource(String user, String password) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url());
    dataSource.setUser(user);
    dataSource.setPassword(password);
    return dataSource;
  }

  /** Spring Boot's settings for connections of this role. */
  public String[] springProperties(Login login) {
    return new String[] {
      "spring.datasource.url=" + url(),
      "spring.datasource.username=" + login.role(),
      "spring.datasource.password=" + login.password()
    };
  }

  public String name() {
    return roles.database();
  }

  public String url() {
    return server.jdbcUrl(roles.database());
  }

  /** A connection on which a transaction begins with the first statement. */
  public Connection begin() throws SQLException {
    Connection connection = dataSource().getConnection();
    connection.setAutoCommit(false);
    return connection;
  }

  /** As the administrator. */
  public void execute(String sql) throws SQLException {
    try (Connection connection = administrator().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** As the role that makes tables. */
  public void executeAsOwner(String sql) throws SQLException {
    try (Connection connection = owner().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The rows that are committed, columns joined by {@code |}. */
  public List<String> rows(String sql) throws SQLException {
    try (Connection connection = administrator().getConnection()) {
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
