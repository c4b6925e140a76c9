package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.Backlog.Certainty;
import dev.outbox.relay.operations.Backlog.Leader;
import dev.outbox.relay.operations.Backlog.Waiting;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.slot.PublishedFloor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Looks at what waits to be published, as often as asked. A look is a few statements that read few
 * rows, however many wait. Keeps a connection from one look to the next. For one thread.
 */
public final class BacklogLook implements AutoCloseable {

  /** SQL states of this class: what is asked for is not there or may not be read. */
  private static final String REFUSALS = "42";

  /** Made within seconds when a relay starts for the first time. */
  private static final String NO_TABLE = "42P01";

  private static final Logger LOG = LoggerFactory.getLogger(BacklogLook.class);

  /** A server writes each refusal into its log, and what is missing seldom comes soon. */
  private static final Duration REFUSED_FOR = Duration.ofMinutes(5);

  /** More are not counted but estimated. */
  private static final int MOST_COUNTED = 10_000;

  private final RelaySettings settings;
  private final DatabaseSession session;
  private final ParkedTable parked;
  private final PublishedFloor floor;
  private final LongSupplier nanoTime;
  private @Nullable Long refusedNanos;
  private @Nullable Numbered lastPublished;

  /** Nothing is looked at yet. */
  public BacklogLook(RelaySettings settings) {
    this(settings, System::nanoTime);
  }

  BacklogLook(RelaySettings settings, LongSupplier nanoTime) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.session = new SourceDatabase(settings).session();
    this.parked = new ParkedTable(settings);
    this.floor = new PublishedFloor(settings);
  }

  /**
   * How it is now.
   *
   * @param waiting the ID of the oldest event that is under way, if one is
   * @param published otherwise the ID of the last event that was published, if it is known; without
   *     either the relay's checkpoint serves, which trails by some seconds
   * @throws RelayException when the database cannot be asked; the next look may succeed
   */
  public Backlog now(Optional<String> waiting, Optional<String> published) {
    @Nullable Leader leader = session.call(this::leader);
    int setAside = session.call(sql -> parked.exists(sql) ? parked.count(sql) : 0);
    Backlog unknown = new Backlog(null, Certainty.AT_MOST, null, leader, setAside);
    Long refused = refusedNanos;
    if (refused != null && nanoTime.getAsLong() - refused < REFUSED_FOR.toNanos()) {
      return unknown;
    }
    return session.call(
        sql -> {
          try {
            return backlog(sql, waiting, published, unknown);
          } catch (DataAccessException e) {
            String state = DatabaseFailures.stateOf(e);
            if (!state.startsWith(REFUSALS)) {
              throw e;
            }
            // A table without numbers, or one that may not be read, is no reason to show nothing.
            LOG.atDebug().setCause(e).log("What waits cannot be counted");
            if (!state.equals(NO_TABLE)) {
              refusedNanos = nanoTime.getAsLong();
            }
            return unknown;
          }
        });
  }

  /** The first of the events that are set aside; after a look that found some. */
  public List<Listed> parked(int most) {
    return session.call(sql -> parked.list(sql, false, most));
  }

  private @Nullable Leader leader(JdbcClient sql) {
    return sql.sql(
            """
            select s.active_pid, host(a.client_addr), a.client_port, a.backend_start
            from pg_replication_slots s left join pg_stat_activity a on a.pid = s.active_pid
            where s.slot_name = :slot and s.active_pid is not null
            """)
        .param("slot", settings.slot())
        .query((row, number) -> leader(row))
        .optional()
        .orElse(null);
  }

  private static Leader leader(ResultSet row) throws SQLException {
    @Nullable String address = row.getString(2);
    @Nullable Timestamp since = row.getTimestamp(4);
    return new Leader(
        row.getInt(1),
        address == null ? "" : address + ":" + row.getInt(3),
        since == null ? null : since.toInstant());
  }

  private Backlog backlog(
      JdbcClient sql, Optional<String> waiting, Optional<String> published, Backlog unknown) {
    Optional<Long> known = last(sql, waiting, published);
    if (known.isEmpty() && (waiting.isPresent() || published.isPresent())) {
      // The log is read before a commit is visible to others, for a moment.
      boolean unused = sql.sql("select pg_sleep(0.1) is null").query(Boolean.class).single();
      known = last(sql, waiting, published);
    }
    if (known.isEmpty() && published.isPresent()) {
      return unknown; // events come from the log only, which nobody can count
    }
    long from = known.orElseGet(() -> floor.seq(sql).orElse(0));
    String behind =
        "seq > :from and %s".formatted(settings.shard().condition("aggregateid"))
            + (parked.exists(sql) ? notParked() : "");
    List<Waiting> oldest = oldest(sql, behind, from);
    long counted = count(sql, behind, from);
    boolean all = counted <= MOST_COUNTED;
    return new Backlog(
        all ? counted : Math.max(counted, last(sql) - from),
        known.isEmpty() ? Certainty.AT_MOST : all ? Certainty.COUNTED : Certainty.ESTIMATED,
        oldest.isEmpty() ? null : oldest.get(0),
        unknown.leader(),
        unknown.parked());
  }

  /** What is set aside is told apart; what was released or discarded waits no more. */
  private String notParked() {
    return " and not exists (select 1 from %s p where p.relay = :relay and p.id = o.id)"
        .formatted(parked.name().quoted());
  }

  /** The number of the last row that is published, or nearly. */
  private Optional<Long> last(
      JdbcClient sql, Optional<String> waiting, Optional<String> published) {
    return waiting
        .flatMap(id -> seq(sql, id))
        .map(seq -> seq - 1)
        .or(() -> published.flatMap(id -> published(sql, id)));
  }

  /** Retention may have removed the row since. */
  private Optional<Long> published(JdbcClient sql, String id) {
    Numbered before = lastPublished;
    if (before != null && before.id().equals(id)) {
      return Optional.of(before.seq());
    }
    Optional<Long> seq = seq(sql, id);
    seq.ifPresent(number -> lastPublished = new Numbered(id, number));
    return seq;
  }

  private record Numbered(String id, long seq) {}

  private Optional<Long> seq(JdbcClient sql, String id) {
    return sql.sql("select seq from %s where id = cast(:id as uuid)".formatted(table()))
        .param("id", id)
        .query(Long.class)
        .optional();
  }

  private List<Waiting> oldest(JdbcClient sql, String behind, long from) {
    return sql.sql(
            """
            select id::text, aggregatetype, aggregateid, type, created_at from %s o
            where %s order by seq limit 1
            """
                .formatted(table(), behind))
        .param("from", from)
        .param("relay", settings.name())
        .query(
            (row, number) ->
                new Waiting(
                    text(row, 1),
                    text(row, 2),
                    text(row, 3),
                    text(row, 4),
                    row.getTimestamp(5).toInstant()))
        .list();
  }

  private static String text(ResultSet row, int column) throws SQLException {
    return Objects.requireNonNullElse(row.getString(column), "");
  }

  private long count(JdbcClient sql, String behind, long from) {
    return sql.sql(
            "select count(*) from (select 1 from %s o where %s limit :most) counted"
                .formatted(table(), behind))
        .param("from", from)
        .param("relay", settings.name())
        .param("most", MOST_COUNTED + 1)
        .query(Long.class)
        .single();
  }

  private long last(JdbcClient sql) {
    return sql.sql("select coalesce(max(seq), 0) from %s".formatted(table()))
        .query(Long.class)
        .single();
  }

  private String table() {
    return settings.tableName().quoted();
  }

  @Override
  public void close() {
    session.close();
  }
}
