package dev.outbox.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.local.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** A PostgreSQL server with one database of an outbox at a time. */
final class Database implements AutoCloseable {

  /** Where one stands to make and drop others. */
  private static final String MAINTENANCE = "postgres";

  private static final Path SQL = Path.of("docs", "sql");

  private final LocalPostgres server;
  private String name = MAINTENANCE;

  private Database(LocalPostgres server) {
    this.server = server;
  }

  static Database start() {
    return new Database(
        LocalPostgres.builder()
            .setting("shared_buffers", "512MB")
            .setting("max_wal_size", "8GB")
            .setting("wal_keep_size", "0")
            .start());
  }

  /** An empty outbox in a database of its own; what was before is gone, from the disk too. */
  void newOutbox() {
    if (!name.equals(MAINTENANCE)) {
      drop();
    }
    name = server.createDatabase("bench");
    apply("outbox_event.sql");
  }

  private void drop() {
    // Slots are the server's, and keep its log for whoever is gone.
    execute(
        """
        select pg_drop_replication_slot(slot_name) from pg_replication_slots
        where database = current_database()
        """);
    String old = name;
    name = MAINTENANCE;
    execute("drop database %s with (force)".formatted(old));
    // Lets go of the log that the slots kept.
    execute("checkpoint");
  }

  /** Runs a file of {@code docs/sql}. */
  void apply(String file) {
    Path path = SQL.resolve(file);
    try {
      execute(Files.readString(path));
    } catch (IOException e) {
      throw new UncheckedIOException("Run this in the project's directory: cannot read " + path, e);
    }
  }

  /** Where the log ends now, as a number of bytes. */
  long logEnd() {
    return Long.parseLong(query("select (pg_current_wal_insert_lsn() - '0/0')::bigint"));
  }

  /** Processor time that all processes of the server have taken. */
  Duration cpu() {
    // One that stays, while the session that asks has ended by now.
    long checkpointer =
        Long.parseLong(
            query("select pid from pg_stat_activity where backend_type = 'checkpointer'"));
    return ProcessFigures.cpuOfServer(
        ProcessHandle.of(checkpointer).flatMap(ProcessHandle::parent).orElseThrow().pid());
  }

  int port() {
    return server.port();
  }

  String username() {
    return server.username();
  }

  String password() {
    return server.password();
  }

  String name() {
    return name;
  }

  String jdbcUrl() {
    return server.jdbcUrl(name);
  }

  Connection connect() throws SQLException {
    return server.connect(name);
  }

  /** So many connections, kept open and not in auto-commit mode. */
  HikariDataSource pool(int connections) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl());
    config.setUsername(username());
    config.setPassword(password());
    config.setMaximumPoolSize(connections);
    config.setAutoCommit(false);
    return new HikariDataSource(config);
  }

  void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new BenchmarkException("PostgreSQL refuses " + sql, e);
    }
  }

  String query(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    } catch (SQLException e) {
      throw new BenchmarkException("PostgreSQL refuses " + sql, e);
    }
  }

  /** Writes the backlog, and everything it left to do for the server. */
  void write(Workload backlog) {
    execute(
        """
        do $$ begin
          set synchronous_commit = off;
          for n in 1..%d by %d loop
            insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
            select gen_random_uuid(), 'Order', '%s' || i %% %d, 'OrderPlaced',
              rpad(i::text || ' ', %d, 'x')::bytea
            from generate_series(n, n + %d) i;
            commit;
          end loop;
        end $$
        """
            .formatted(
                backlog.events(),
                backlog.perTransaction(),
                Workload.KEY_PREFIX,
                backlog.keys(),
                backlog.payloadBytes(),
                backlog.perTransaction() - 1));
    tidy("outbox_event");
  }

  /** Does now what the server would do some time after a table was filled. */
  void tidy(String table) {
    execute("vacuum analyze " + table);
    execute("checkpoint");
  }

  @Override
  public void close() {
    server.close();
  }
}
