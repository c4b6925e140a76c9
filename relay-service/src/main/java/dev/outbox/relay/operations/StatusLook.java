package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotLevels;
import dev.outbox.relay.slot.SlotStatus;
import java.time.Clock;

/**
 * Looks at the slot, as often as asked; the lag in time takes more than one look. Keeps a
 * connection from one look to the next, and makes another when that is gone. For one thread.
 */
public final class StatusLook implements AutoCloseable {

  private final RelaySettings settings;
  private final SlotLevels levels;
  private final DatabaseSession session;

  /** Nothing is looked at yet. */
  public StatusLook(RelaySettings settings) {
    this.settings = settings;
    this.levels = new SlotLevels(settings, Clock.systemUTC());
    this.session = new SourceDatabase(settings).session();
  }

  /**
   * How it is now.
   *
   * @throws RelayException when there is no slot, or the database cannot be asked; the next look
   *     may succeed
   */
  public RelayStatus now() {
    SlotAssessment assessment = levels.look(session, false);
    SlotStatus slot = assessment.status();
    if (slot == null) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Replication slot '%s' does not exist.".formatted(settings.slot()),
          "Run 'init'.");
    }
    return RelayStatus.of(settings, slot, assessment);
  }

  @Override
  public void close() {
    session.close();
  }
}
