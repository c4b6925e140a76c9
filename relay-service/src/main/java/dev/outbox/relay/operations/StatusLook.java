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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Looks at the slot, or that of each shard, as often as asked; the lag in time takes more than one
 * look. Keeps a connection from one look to the next, and makes another when that is gone. For one
 * thread.
 */
public final class StatusLook implements AutoCloseable {

  private final Map<RelaySettings, SlotLevels> levels = new LinkedHashMap<>();
  private final DatabaseSession session;

  /** Nothing is looked at yet. */
  public StatusLook(RelaySettings settings) {
    settings
        .eachShard()
        .forEach(shard -> levels.put(shard, new SlotLevels(shard, Clock.systemUTC())));
    this.session = new SourceDatabase(settings).session();
  }

  /**
   * How it is now, shard by shard.
   *
   * @throws RelayException when there is no slot, or the database cannot be asked; the next look
   *     may succeed
   */
  public List<RelayStatus> now() {
    return levels.entrySet().stream().map(shard -> now(shard.getKey(), shard.getValue())).toList();
  }

  private RelayStatus now(RelaySettings settings, SlotLevels levels) {
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
