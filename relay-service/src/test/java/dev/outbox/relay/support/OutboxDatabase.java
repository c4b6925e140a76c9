package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.documents.Documents;
import dev.outbox.relay.Installation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of its own with an outbox table, on a real server, used by the three roles of {@code
 * docs/sql/roles.sql}. What tests do as the administrator goes through {@link #execute} and {@link
 * #query}. Closing it frees its slots.
 */
public final class OutboxDatabase implements AutoCloseable {

  private static final Path TABLE = Documents.root().resolve("docs/sql/outbox_event.sql");

  private final PostgresServer server;
  private final String name;
  private final DatabaseRoles roles;

  private OutboxDatabase(DatabaseRoles roles) {
    this.server = roles.server();
    this.name = roles.database();
    this.roles = roles;
  }

  /** A new database with all that a relay's role needs to find. */
  public static OutboxDatabase create(PostgresServer server) {
    OutboxDatabase database = createUninitialised(server);
    database.install();
    return database;
  }

  /** A new database with the published table, in which {@code init} has not run. */
  public static OutboxDatabase createUninitialised(PostgresServer server) {
    OutboxDatabase database = createEmpty(server);
    database.createTable();
    return database;
  }

  /** A new database without any table. */
  public static OutboxDatabase createEmpty(PostgresServer server) {
    return new OutboxDatabase(DatabaseRoles.create(server, server.createDatabase("relay")));
  }

  /** Makes the published table. */
  public void createTable() {
    try {
      executeAs(roles.owner(), Files.readString(TABLE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    roles.grant();
  }

  /** What the owner's {@code init --without-slot} makes. */
  public void install() {
    install(Map.of());
  }

  /**
   * The same with other settings than usual.
   *
   * @param more keys without the common prefix
   */
  public void install(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.putAll(TestSettings.as(roles.owner()));
    new Installation(TestSettings.of(this, "localhost:1", all)).runWithoutSlot();
    roles.grant();
  }

  /** A table of the service's own, made by the owner. */
  public void createServiceTable(String table, String columns) {
    executeAs(
        roles.owner(),
        "create table %1$s (%2$s); grant select, insert, update, delete on %1$s to %3$s"
            .formatted(table, columns, roles.service().role()));
  }

  /** Who may do what; {@link DatabaseRoles#grant} after further tables were made. */
  public DatabaseRoles roles() {
    return roles;
  }

  /** The same database on a server that has taken the place of this one's. */
  public OutboxDatabase on(PostgresServer successor) {
    return new OutboxDatabase(
        new DatabaseRoles(successor, name, roles.owner(), roles.service(), roles.relay()));
  }

  /** Writes to another table until the slot has lost its log; the server must keep little of it. */
  public void invalidateSlot() {
    execute("create table if not exists noise (t text)");
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              execute("insert into noise select repeat('x', 1000) from generate_series(1, 20000)");
              execute("select pg_switch_wal()");
              execute("checkpoint");
              return "lost"
                  .equals(
                      query(
                          "select wal_status from pg_replication_slots where slot_name = '"
                              + slot()
                              + "'"));
            });
  }

  public PostgresServer server() {
    return server;
  }

  public String url() {
    return server.jdbcUrl(name);
  }

  /** The name of the slot and publication that tests use here: unique on the server. */
  public String slot() {
    return name;
  }

  /** A connection of the service that writes. */
  public Connection connect() {
    return connect(roles.service());
  }

  private Connection connect(Login login) {
    try {
      return server.connect(name, login);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Connections of this role. */
  public PGSimpleDataSource dataSource(Login login) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url());
    dataSource.setUser(login.role());
    dataSource.setPassword(login.password());
    return dataSource;
  }

  /** The superuser, for tests whose relay needs more than its role may. */
  public Login administrator() {
    return new Login(server.username(), server.password());
  }

  /** A connection of the superuser. */
  public Connection connectAsAdministrator() {
    return connect(administrator());
  }

  /** As the superuser. */
  public void execute(String sql) {
    executeAs(administrator(), sql);
  }

  /** As the service that writes. */
  public void write(String sql) {
    executeAs(roles.service(), sql);
  }

  /** As this role. */
  public void executeAs(Login login, String sql) {
    try (Connection connection = connect(login);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** The first column of the first row as text; null when there is none. */
  public @Nullable String query(String sql) {
    List<String> rows = queryAll(sql);
    return rows.isEmpty() ? null : rows.get(0);
  }

  /** The first column of all rows as text. */
  public List<String> queryAll(String sql) {
    try (Connection connection = connectAsAdministrator();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        rows.add(result.getString(1));
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** One event in a transaction of its own; its ID. */
  public String insert(String aggregateType, String aggregateId, String payload) {
    try (Connection connection = connect()) {
      return insert(connection, aggregateType, aggregateId, payload);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One event on this connection; its ID. */
  public static String insert(
      Connection connection, String aggregateType, String aggregateId, String payload)
      throws SQLException {
    String id = UUID.randomUUID().toString();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
            values (?::uuid, ?, ?, 'Happened', convert_to(?, 'UTF8'))
            """)) {
      statement.setString(1, id);
      statement.setString(2, aggregateType);
      statement.setString(3, aggregateId);
      statement.setString(4, payload);
      statement.executeUpdate();
    }
    return id;
  }

  /** The same as a logical message, as any language may write it. */
  public static String emit(
      Connection connection, String aggregateType, String aggregateId, byte @Nullable [] payload)
      throws SQLException {
    String id = UUID.randomUUID().toString();
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            select pg_logical_emit_message(true, 'outbox',
              convert_to(jsonb_build_object('outbox', 'public.outbox_event', 'id', ?::uuid,
                'aggregatetype', ?::text, 'aggregateid', ?::text, 'type', 'Happened')::text, 'UTF8')
              || coalesce(convert_to(E'\\n', 'UTF8') || ?::bytea, ''))
            """)) {
      statement.setString(1, id);
      statement.setString(2, aggregateType);
      statement.setString(3, aggregateId);
      statement.setBytes(4, payload);
      statement.execute();
    }
    return id;
  }

  /** The slot's confirmed position as PostgreSQL writes it. */
  public String confirmedLsn() {
    return String.valueOf(
        query(
            "select confirmed_flush_lsn from pg_replication_slots where slot_name = '"
                + slot()
                + "'"));
  }

  /** IDs of all rows in insertion order. */
  public List<String> eventIds() {
    return queryAll("select id from outbox_event order by seq");
  }

  /** IDs of all rows by aggregate, each in insertion order. */
  public Map<String, List<String>> eventIdsByKey() {
    Map<String, List<String>> byKey = new HashMap<>();
    for (String row : queryAll("select aggregateid || ' ' || id from outbox_event order by seq")) {
      String[] parts = row.split(" ", 2);
      byKey.computeIfAbsent(parts[0], key -> new ArrayList<>()).add(parts[1]);
    }
    return byKey;
  }

  /** Makes the relay's slot the way an operator would. */
  public void createSlot() {
    execute("select pg_create_logical_replication_slot('" + slot() + "', 'pgoutput')");
  }

  /** Makes the relay's publication as the relay does. */
  public void createPublication() {
    executeAs(
        roles.owner(),
        "create publication "
            + slot()
            + " for table outbox_event (id, aggregatetype, aggregateid, type, payload, headers)"
            + " with (publish = 'insert')");
  }

  /** A server that invalidates slots which lag a little behind. */
  public static LocalPostgres.Builder serverKeepingLittleLog() {
    return LocalPostgres.builder()
        .setting("max_slot_wal_keep_size", "1MB")
        .setting("min_wal_size", "32MB")
        .setting("max_wal_size", "32MB");
  }

  /** The transaction whose end a new slot of the relay's name waits for, or nothing. */
  public String slotWaitsFor() {
    return String.valueOf(
        query(
            """
            select coalesce(max(l.transactionid::text), '')
            from pg_replication_slots s join pg_locks l on l.pid = s.active_pid
            where s.slot_name = '%s' and l.locktype = 'transactionid' and not l.granted
            """
                .formatted(slot())));
  }

  /** Drops the relay's slot, also while somebody streams from it. */
  public void dropSlot() {
    String slot = " from pg_replication_slots where slot_name = '" + slot() + "'";
    await()
        .atMost(PATIENCE)
        .pollInterval(10, TimeUnit.MILLISECONDS)
        .ignoreExceptions()
        .until(
            () -> {
              execute("select pg_terminate_backend(active_pid)" + slot + " and active");
              execute("select pg_drop_replication_slot(slot_name)" + slot);
              return "0".equals(query("select count(*)" + slot));
            });
  }

  /** Slots are few on a server that all tests share. Streams that still read from them end. */
  @Override
  public void close() {
    String slots = " from pg_replication_slots where database = '" + name + "'";
    execute("select pg_terminate_backend(active_pid)" + slots + " and active");
    await()
        .atMost(PATIENCE)
        .until(() -> "0".equals(query("select count(*)" + slots + " and active")));
    execute("select pg_drop_replication_slot(slot_name)" + slots);
  }
}
