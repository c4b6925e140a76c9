package dev.outbox.relay.operations;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.database.Fence;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.PublishedFloor;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Removes rows that are older than {@code outbox.relay.retention} and certain to be published,
 * while this instance leads; a thread of its own does it at the start and then every minute.
 *
 * <p>Services never wait for it: it works in short transactions with pauses in between, takes only
 * rows that nobody holds, and gives up what does not come at once. Parked rows stay. A round ends
 * at the first batch in which no row is old enough, since rows are written in about the order of
 * their age.
 *
 * <p>Any thread may start and close it.
 */
public final class Retention implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

  private static final int BATCH = 500;
  private static final Duration EVERY = Duration.ofMinutes(1);

  /** Between batches at least; and at least as long as the batch took, to leave half the time. */
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(20);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final Fence fence;
  private final LongConsumer removed;
  private final PublishedFloor floor;
  private final TableName table;
  private final ParkedTable parked;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Set<String> missingTold = new HashSet<>();

  /**
   * @param fence asked before each round
   * @param removed told how many rows of the outbox table have been removed
   */
  public Retention(
      SourceDatabase database, RelaySettings settings, Fence fence, LongConsumer removed) {
    this.database = database;
    this.settings = settings;
    this.fence = fence;
    this.removed = removed;
    this.floor = new PublishedFloor(settings);
    this.table = settings.tableName();
    this.parked = new ParkedTable(settings);
  }

  /** Begins, unless the settings switch it off. */
  public void start() {
    if (settings.retention().isZero()) {
      return;
    }
    Thread thread = new Thread(this::run, "outbox-relay-retention");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      do {
        roundQuietly();
      } while (!pause(EVERY));
    } catch (InterruptedException e) {
      LOG.atDebug().log("Retention was interrupted and ends");
    }
  }

  /** Catches everything: rows that stay a minute longer do no harm, and a dead thread would. */
  private void roundQuietly() throws InterruptedException {
    try {
      round();
    } catch (RuntimeException e) {
      LOG.atDebug().setCause(e).log("Retention is tried again in a minute");
    }
  }

  /**
   * Removes what may go now.
   *
   * @return rows removed from the outbox table
   * @throws dev.outbox.relay.failure.RelayException when the database does not answer in time, or
   *     another instance has taken over
   */
  long round() throws InterruptedException {
    // Asked once and not kept locked during the round: the relay writes to the same row. What goes
    // is certain to be published whoever removes it.
    OptionalLong through =
        database.inTransaction(
            Stage.OPERATIONS,
            sql -> {
              fence.require(sql);
              return mayRemove(sql) ? floor.seq(sql) : OptionalLong.empty();
            });
    long total = 0;
    if (through.isPresent()) {
      Batch batch = new Batch(Long.MIN_VALUE, 0, false);
      do {
        long begun = System.nanoTime();
        batch = removeAfter(batch.lastSeq(), through.getAsLong());
        total += batch.removed();
        removed.accept(batch.removed());
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        if (batch.more() && pause(took.compareTo(SHORTEST_PAUSE) > 0 ? took : SHORTEST_PAUSE)) {
          return total;
        }
      } while (batch.more());
      LOG.atDebug().addKeyValue("rows", total).log("Removed rows older than the retention");
      removeDecided(through.getAsLong());
    }
    return total;
  }

  /** Whether it was closed meanwhile. */
  private boolean pause(Duration wait) throws InterruptedException {
    return closed.await(wait.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * @param lastSeq the last row looked at
   * @param more whether rows behind it may be old enough
   */
  private record Batch(long lastSeq, int removed, boolean more) {}

  private Batch removeAfter(long seq, long through) {
    return database.inTransaction(
        Stage.OPERATIONS,
        sql -> {
          beQuick(sql);
          Batch looked = look(sql, seq, through);
          return looked.more()
              ? new Batch(looked.lastSeq(), remove(sql, seq, looked.lastSeq()), true)
              : looked;
        });
  }

  private static void beQuick(JdbcClient sql) {
    sql.sql("set local lock_timeout = '100ms'").update();
    sql.sql("set local statement_timeout = '5s'").update();
    // A removal that a crash undoes is done again; writers that wait for the disk come first.
    sql.sql("set local synchronous_commit = off").update();
  }

  private Batch look(JdbcClient sql, long seq, long through) {
    return sql.sql(
            """
            select coalesce(max(seq), 0), coalesce(bool_or(old), false) from (
              select seq, created_at < now() - :retention * interval '1 millisecond' as old
              from %s where seq > :after and seq <= :through order by seq limit :batch
            ) rows
            """
                .formatted(table.quoted()))
        .param("retention", settings.retention().toMillis())
        .param("after", seq)
        .param("through", through)
        .param("batch", BATCH)
        .query((row, number) -> new Batch(row.getLong(1), 0, row.getBoolean(2)))
        .single();
  }

  private int remove(JdbcClient sql, long after, long through) {
    String notParked =
        parked.exists(sql)
            ? "and not exists (select 1 from %s p where p.id = o.id and p.state = 'parked')"
                .formatted(parked.name().quoted())
            : "";
    // By their places in the table: no plan for this can come to read the whole of it.
    return sql.sql(
            """
            with free as materialized (
              select o.ctid from %s o
              where o.seq > :after and o.seq <= :through
                and o.created_at < now() - :retention * interval '1 millisecond' and %s %s
              for update skip locked
            )
            delete from %s where ctid = any(array(select ctid from free))
            """
                .formatted(
                    table.quoted(),
                    settings.shard().condition("o.aggregateid"),
                    notParked,
                    table.quoted()))
        .param("after", after)
        .param("through", through)
        .param("retention", settings.retention().toMillis())
        .update();
  }

  /** What became of parked events is kept as long as the events. */
  private void removeDecided(long through) {
    int unused =
        database.inTransaction(
            Stage.OPERATIONS,
            sql -> {
              if (!parked.exists(sql) || !mayRemoveDecided(sql)) {
                return 0;
              }
              beQuick(sql);
              Optional<String> positions = floor.positions(sql);
              return positions.isPresent() ? removeDecided(sql, positions.get(), through) : 0;
            });
  }

  private int removeDecided(JdbcClient sql, String positions, long through) {
    // When the log is read again, or rows are published from the table after a gap, these tell that
    // the event has been dealt with.
    return sql.sql(
            """
            delete from %s where ctid = any(array(
              select p.ctid from %s p
              where p.relay = :relay and p.state in ('released', 'discarded')
                and coalesce(p.decided_at, p.parked_at)
                  < now() - :retention * interval '1 millisecond'
                and p.position < :positions
                and (p.decided_position is null or p.decided_position < :positions)
                and not exists (select 1 from %s o where o.id = p.id and o.seq > :through)
              limit :batch for update skip locked))
            """
                .formatted(parked.name().quoted(), parked.name().quoted(), table.quoted()))
        .param("through", through)
        .param("relay", settings.name())
        .param("retention", settings.retention().toMillis())
        .param("positions", positions)
        .param("batch", BATCH)
        .update();
  }

  /** Locking a row asks for the right to update one of its columns. */
  private boolean mayRemove(JdbcClient sql) {
    boolean may =
        sql.sql(
                """
                select has_table_privilege(:table, 'select')
                  and has_table_privilege(:table, 'delete')
                  and has_any_column_privilege(:table, 'update')
                """)
            .param("table", table.quoted())
            .query(Boolean.class)
            .single();
    return may || lacks(table, "select, delete, update (seq)");
  }

  private boolean mayRemoveDecided(JdbcClient sql) {
    return sql.sql("select has_table_privilege(:table, 'delete')")
            .param("table", parked.name().quoted())
            .query(Boolean.class)
            .single()
        || lacks(parked.name(), "delete");
  }

  /** Says it once. */
  private boolean lacks(TableName on, String privileges) {
    if (missingTold.add(on.toString())) {
      LOG.atWarn()
          .addKeyValue("table", on)
          .addKeyValue(
              "remedy",
              "grant %s on %s to %s; or set outbox.relay.retention=0"
                  .formatted(
                      privileges, on.quoted(), Identifiers.quote(settings.database().username())))
          .log("The relay may not remove old rows; they stay");
    }
    return false;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
