package dev.outbox.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * A streaming replica of a {@link LocalPostgres}, which can take its place. It has a physical slot
 * at the primary, made with the first start, which stays there and holds the log as long as the
 * primary lives. Databases, users and settings are those of the primary.
 */
public final class PostgresReplica implements PostgresServer {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(200);
  private static final int FIRST_WITH_FAILOVER_SLOTS = 17;

  private final LocalPostgres primary;
  private final LocalPostgres server;
  private final boolean failoverSlots;

  private PostgresReplica(Builder builder) {
    this.primary = builder.primary;
    this.server = builder.server();
    this.failoverSlots = builder.failoverSlots;
  }

  @Override
  public int port() {
    return server.port();
  }

  /** The name of its slot at the primary. */
  public String slot() {
    return "replica_" + port();
  }

  /** The file with the server's own log. */
  public Path logFile() {
    return server.logFile();
  }

  /**
   * Starts the replica. The first time it copies the primary, which must run.
   *
   * @throws LocalStackException if it does not start or the primary refuses
   */
  @Override
  public void start() {
    boolean first = !server.hasData();
    if (first) {
      atPrimary("select pg_create_physical_replication_slot('%s', true)".formatted(slot()));
      BaseBackup.copy(primary, server.data());
      configure();
    }
    server.start();
    if (first && failoverSlots) {
      // Or a logical client would be ahead of the server that takes over.
      atPrimary("alter system set synchronized_standby_slots = '%s'".formatted(slot()));
      atPrimary("select pg_reload_conf()");
    }
  }

  @Override
  public void stop() {
    server.stop();
  }

  @Override
  public void kill() {
    server.kill();
  }

  @Override
  public void close() {
    server.close();
  }

  /**
   * Waits until the replica has replayed all that the primary has written by now.
   *
   * @throws LocalStackException if that takes more than a minute
   */
  public void awaitCaughtUp() {
    String written = query(primary, "select pg_current_wal_flush_lsn()");
    await(
        "Replay up to " + written,
        "select pg_last_wal_replay_lsn() >= '%s'::pg_lsn".formatted(written));
  }

  /**
   * Waits until the replica would go on with a logical slot of the primary (made with failover) if
   * it were promoted now. Needs {@link Builder#failoverSlots}, and a client that confirms.
   *
   * @throws LocalStackException if that takes more than a minute
   */
  public void awaitFailoverSlot(String name) {
    Waiting.until(
        "The slot %s at the replica".formatted(name),
        PATIENCE,
        ended -> Waiting.pause(LOOK_AGAIN),
        () -> {
          // Only with one of these in the log does a slot's restart move; else they are seldom.
          atPrimary("select pg_log_standby_snapshot()");
          return hasFailoverSlot(name);
        });
  }

  private boolean hasFailoverSlot(String name) {
    return query(
            server,
            """
            select exists (select from pg_replication_slots where slot_name = '%s'
              and synced and not temporary and invalidation_reason is null)
            """
                .formatted(name))
        .equals("t");
  }

  /**
   * Makes the replica a primary, on a timeline of its own. The old primary is not told.
   *
   * @throws LocalStackException if it does not become one within a minute
   */
  public void promote() {
    var unused = query(server, "select pg_promote(true, %d)".formatted(PATIENCE.toSeconds()));
    await("The promotion", "select not pg_is_in_recovery()");
  }

  private void await(String what, String sql) {
    Waiting.until(what, PATIENCE, Waiting::pause, () -> query(server, sql).equals("t"));
  }

  private void configure() {
    String settings =
        """
        primary_conninfo = 'host=%s port=%d user=%s password=%s dbname=postgres application_name=%s'
        primary_slot_name = '%s'
        hot_standby_feedback = on
        """
            .formatted(
                primary.host(),
                primary.port(),
                primary.username(),
                primary.password(),
                slot(),
                slot());
    try {
      Files.writeString(
          server.data().resolve("postgresql.auto.conf"),
          failoverSlots ? settings + "sync_replication_slots = on\n" : settings);
      Files.createFile(server.data().resolve("standby.signal"));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write to " + server.data(), e);
    }
  }

  private void atPrimary(String sql) {
    try (Connection connection = primary.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new LocalStackException("The primary refuses: " + sql, e);
    }
  }

  private static String query(PostgresServer server, String sql) {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return String.valueOf(result.getString(1));
    } catch (SQLException e) {
      throw new LocalStackException("The server refuses: " + sql, e);
    }
  }

  /** What kind of replica; see {@link ServerBuilder} too. Settings are put before the primary's. */
  public static final class Builder extends ServerBuilder<PostgresReplica, Builder> {

    private final LocalPostgres primary;
    private boolean failoverSlots;

    Builder(LocalPostgres primary) {
      this.primary = primary;
    }

    /**
     * Keeps the primary's logical slots that were made with failover, so that their clients can go
     * on here. The primary then gives them nothing that this replica does not have; with one such
     * replica only. PostgreSQL 17 and newer.
     *
     * @throws IllegalStateException if the primary is older
     */
    public Builder failoverSlots() {
      if (primary.version() < FIRST_WITH_FAILOVER_SLOTS) {
        throw new IllegalStateException(
            "PostgreSQL %d does not synchronise logical slots: take %d or newer"
                .formatted(primary.version(), FIRST_WITH_FAILOVER_SLOTS));
      }
      failoverSlots = true;
      return this;
    }

    @Override
    public PostgresReplica build() {
      return new PostgresReplica(this);
    }

    @Override
    Builder self() {
      return this;
    }

    private LocalPostgres server() {
      LocalPostgres.Builder server = LocalPostgres.builder().version(primary.version());
      primary.settings().forEach(server::setting);
      settings.forEach(server::setting);
      return server.inPlaceOf(this).build();
    }
  }
}
