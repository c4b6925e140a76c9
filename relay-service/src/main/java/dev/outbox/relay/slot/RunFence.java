package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.Fence;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
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

  static RelayException replaced() {
    return new RelayException(
        Stage.SOURCE,
        "Another instance of this relay has taken over.",
        "None needed: this one stands by.");
  }
}
