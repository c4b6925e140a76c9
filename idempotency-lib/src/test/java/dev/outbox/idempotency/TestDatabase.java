package dev.outbox.idempotency;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of one test, and who uses it: a service with the role of {@code docs/sql/roles.sql},
 * unless said otherwise.
 *
 * @param user the role of {@link #dataSource} and {@link #begin}
 * @param hand who sets things up and looks at them, by {@link #execute} and {@link #query}
 * @param roles who may do what; null where only connections are needed, like {@code hand}
 */
public record TestDatabase(
    String url, String user, String password, @Nullable Login hand, @Nullable DatabaseRoles roles) {

  /**
   * What waits for each other must not share a thread, as in the common pool of a small machine.
   */
  public static final Executor THREAD_EACH = task -> new Thread(task).start();

  private static final Path PUBLISHED = Path.of("..", "docs", "sql");

  /** For connections alone. */
  public TestDatabase(String url, String user, String password) {
    this(url, user, password, null, null);
  }

  /**
   * Used by a service, and set up by the administrator, whose tables are the service's own: it may
   * read and write them.
   */
  public static TestDatabase empty(PostgresServer postgres) {
    DatabaseRoles roles = roles(postgres);
    TestDatabase database = of(roles, roles.service(), administrator(postgres));
    try {
      database.execute(
          "alter default privileges grant select, insert, update, delete on tables to "
              + roles.service().role());
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return database;
  }

  /** Used and set up by the role that owns the tables, as an application does that migrates. */
  public static TestDatabase ofOwner(PostgresServer postgres) {
    DatabaseRoles roles = roles(postgres);
    return of(roles, roles.owner(), roles.owner());
  }

  private static DatabaseRoles roles(PostgresServer postgres) {
    return DatabaseRoles.create(postgres, postgres.createDatabase("idempotency"));
  }

  private static TestDatabase of(DatabaseRoles roles, Login user, Login hand) {
    return new TestDatabase(
        roles.server().jdbcUrl(roles.database()), user.role(), user.password(), hand, roles);
  }

  private static Login administrator(PostgresServer postgres) {
    return new Login(postgres.username(), postgres.password());
  }

  /** The same database used by somebody else. */
  public TestDatabase as(Login login) {
    return new TestDatabase(url, login.role(), login.password(), hand, roles);
  }

  /** Makes tables of the library as their owner, and lets the service use them. */
  public void migrate(Consumer<DataSource> migration) {
    DatabaseRoles all = Objects.requireNonNull(roles);
    migration.accept(as(all.owner()).dataSource());
    all.grant();
  }

  /** The same with the published SQL. */
  public void apply(String sql) throws SQLException {
    DatabaseRoles all = Objects.requireNonNull(roles);
    try (Connection connection = as(all.owner()).dataSource().getConnection()) {
      execute(connection, sql);
    }
    all.grant();
  }

  /**
   * The same with tables of {@code docs/sql}, by their names. Tests of the schemas hold them equal
   * to what migrations make, and Flyway takes ten times as long.
   */
  public void applyPublished(String... tables) throws SQLException {
    StringBuilder all = new StringBuilder();
    try {
      for (String table : tables) {
        all.append(Files.readString(PUBLISHED.resolve(table + ".sql")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    apply(all.toString());
  }

  /** Lets the service use a table of a name that {@code docs/sql/roles.sql} does not know. */
  public void openToService(String schema, String table) throws SQLException {
    String service = Objects.requireNonNull(roles).service().role();
    administer("grant usage on schema %s to %s".formatted(schema, service));
    administer("grant select, insert, update, delete on %s to %s".formatted(table, service));
  }

  /** As the superuser, whoever else does the rest. */
  public void administer(String sql) throws SQLException {
    DatabaseRoles all = Objects.requireNonNull(roles);
    try (Connection connection = as(administrator(all.server())).dataSource().getConnection()) {
      execute(connection, sql);
    }
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
    try (Connection connection = as(Objects.requireNonNull(hand)).dataSource().getConnection()) {
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
    try (Connection connection = as(Objects.requireNonNull(hand)).dataSource().getConnection();
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
