package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.Fence;
import dev.outbox.relay.failure.ReplacedException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Keeps an instance that has been replaced without knowing it, as after a pause of its machine,
 * from changing the relay's own tables: each run has a number, and only the newest may write.
 * Thread-safe.
 */
public final class RunFence implements Fence {

  private final RelayRecord record;
  private final long run;

  /**
   * @param run the number of this run, see {@link Preflight.Outcome.Ready#run}
   */
  public RunFence(RelaySettings settings, long run) {
    this.record = new RelayRecord(settings);
    this.run = run;
  }

  @Override
  public void require(JdbcClient sql) {
    if (!record.isNewestRun(sql, run)) {
      throw replaced();
    }
  }

  static ReplacedException replaced() {
    return new ReplacedException("Another instance of this relay has taken over.");
  }

  /** Whether no other instance has begun a run since, as far as is committed; locks nothing. */
  public boolean isNewest(JdbcClient sql) {
    return record.read(sql).filter(memory -> memory.runs() == run).isPresent();
  }
}
