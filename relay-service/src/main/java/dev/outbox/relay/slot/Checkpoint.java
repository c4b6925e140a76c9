package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.RelayRecord.Floor;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Writes down from time to time which rows of the outbox table are done with: every row up to a
 * number has been published, or will never exist. It bounds what is looked at after a gap.
 *
 * <p>Rows do not become visible in the order of their numbers, so a checkpoint takes several looks:
 * remember the last number given away; wait until every transaction has ended that may hold it or a
 * lower one; then wait until the slot has passed the place where the log is by now. One object
 * serves one run, on one thread.
 */
public final class Checkpoint {

  private static final Logger LOG = LoggerFactory.getLogger(Checkpoint.class);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;
  private final long run;
  private final Duration interval;
  private Step step = new Rest(System.nanoTime());
  private boolean obstacleReported;

  /**
   * @param run the number of this run, see {@link Preflight.Outcome.Ready#run}
   */
  public Checkpoint(SourceDatabase database, RelaySettings settings, long run) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
    this.run = run;
    this.interval = settings.heartbeatInterval();
  }

  /** Where the checkpoint under way is. */
  private sealed interface Step {}

  /** None is, until this time. */
  private record Rest(long untilNanos) implements Step {}

  /** These transactions may hold a number up to the candidate's. */
  private record Writing(Floor candidate, Set<String> writers) implements Step {}

  /** None of them goes on as what it was; one that was prepared has an ID below this one. */
  private record Ending(Floor candidate, long transactionId) implements Step {}

  /** All have ended; their commits stand before this place of the log. */
  private record Passing(Floor candidate, long lsn) implements Step {}

  /**
   * Goes on as far as it can without waiting.
   *
   * @param confirmed the slot's confirmed position
   * @throws RelayException when the database cannot be asked
   */
  public void advance(long confirmed) {
    if (step instanceof Rest rest && System.nanoTime() - rest.untilNanos() < 0) {
      return;
    }
    database.call(
        sql -> {
          try {
            advance(sql, OutboxSequence.require(sql, settings), confirmed);
          } catch (RelayException e) {
            reportObstacle(e);
          }
          return step;
        });
  }

  private void advance(JdbcClient sql, OutboxSequence rows, long confirmed) {
    Step before;
    do {
      before = step;
      step = next(sql, rows, confirmed, before);
    } while (step != before && !(step instanceof Rest));
  }

  private Step next(JdbcClient sql, OutboxSequence rows, long confirmed, Step now) {
    if (now instanceof Writing writing) {
      Set<String> still = new HashSet<>(writing.writers());
      still.retainAll(rows.writers(sql));
      return still.isEmpty() ? new Ending(writing.candidate(), nextTransactionId(sql)) : now;
    }
    if (now instanceof Ending ending) {
      return oldestTransactionId(sql) >= ending.transactionId()
          ? new Passing(ending.candidate(), endOfLog(sql))
          : now;
    }
    if (now instanceof Passing passing) {
      if (Long.compareUnsigned(confirmed, passing.lsn()) < 0) {
        return now;
      }
      record.writeFloor(sql, run, passing.candidate());
      return new Rest(System.nanoTime() + interval.toNanos());
    }
    // The number first: whoever got one before is a writer by now, or has ended.
    Floor candidate = rows.floor(sql);
    return new Writing(candidate, Collections.unmodifiableSet(rows.writers(sql)));
  }

  private static long nextTransactionId(JdbcClient sql) {
    return number(sql, "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
  }

  private static long oldestTransactionId(JdbcClient sql) {
    return number(sql, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint");
  }

  private static long endOfLog(JdbcClient sql) {
    return number(sql, "select (pg_current_wal_insert_lsn() - '0/0')::bigint");
  }

  private static long number(JdbcClient sql, String query) {
    return sql.sql(query).query(Long.class).single();
  }

  private void reportObstacle(RelayException obstacle) {
    if (!obstacleReported) {
      obstacleReported = true;
      LOG.atWarn().addKeyValue("remedy", obstacle.remedy()).log("{}", obstacle.problem());
    }
    step = new Rest(System.nanoTime() + interval.toNanos());
  }
}
