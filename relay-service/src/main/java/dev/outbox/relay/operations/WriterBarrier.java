package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.ProgressListener.Progress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Waits for the transactions that write to the outbox table now. Row numbers are given out before
 * transactions commit; once those that were writing have ended, every number below one that is
 * visible belongs to a row that is there for good or never will be.
 */
final class WriterBarrier {

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final SourceDatabase database;
  private final RelaySettings settings;

  WriterBarrier(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
  }

  void await(ProgressListener progress) throws InterruptedException {
    awaitEndOf(writers(false), progress);
    // One that was prepared for a two-phase commit goes on under another name.
    awaitEndOf(writers(true), progress);
  }

  private void awaitEndOf(Set<String> writers, ProgressListener progress)
      throws InterruptedException {
    Set<String> still = new HashSet<>(writers);
    while (!still.isEmpty()) {
      still.retainAll(writers(false));
      if (!still.isEmpty()) {
        progress.at(
            Progress.of(
                "Waiting for transactions that write to " + settings.tableName(),
                writers.size() - still.size(),
                writers.size(),
                "transactions"));
        Thread.sleep(LOOK_EVERY.toMillis());
      }
    }
  }

  private Set<String> writers(boolean onlyPrepared) {
    return Set.copyOf(database.call(sql -> writers(sql, onlyPrepared)));
  }

  private Set<String> writers(JdbcClient sql, boolean onlyPrepared) {
    Set<String> writers = new HashSet<>();
    sql.sql(
            """
            select virtualtransaction from pg_locks
            where locktype = 'relation' and relation = to_regclass(:table)
              and database = (select oid from pg_database where datname = current_database())
              and mode = 'RowExclusiveLock' and granted and (pid is null or not :onlyPrepared)
            """)
        .param("table", settings.tableName().quoted())
        .param("onlyPrepared", onlyPrepared)
        .query(
            row -> {
              writers.add(row.getString(1));
            });
    return writers;
  }
}
