package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;

/**
 * Writes down how far everything is published, each time before the slot is told. So a slot that
 * stands further on was made anew or moved by somebody else, whoever that was and whenever: nothing
 * but the relay moves a slot. For one thread; one object serves one run.
 */
public final class PublishedPosition implements AutoCloseable {

  private final DatabaseSession session;
  private final RelayRecord record;
  private final long run;

  /**
   * @param run the number of this run, see {@link Preflight.Outcome.Ready#run}
   */
  public PublishedPosition(SourceDatabase database, RelaySettings settings, long run) {
    this.session = database.session();
    this.record = new RelayRecord(settings);
    this.run = run;
  }

  /**
   * Everything committed up to here is published; returns when that is durable.
   *
   * @param lsn what will be confirmed to the slot
   * @throws RelayException when it could not be written or another instance has taken over: nothing
   *     may be confirmed then
   */
  public void advanceTo(long lsn) {
    if (!session.call(sql -> record.advancePublished(sql, run, lsn))) {
      throw RunFence.replaced();
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
