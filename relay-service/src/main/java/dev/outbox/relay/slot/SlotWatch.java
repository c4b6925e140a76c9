package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import java.util.Optional;

/** Looks after the slot while the relay runs: keeps it moving, sees it go. Thread-safe. */
public final class SlotWatch {

  /** Prefix of the relay's own logical messages; they are nothing to publish. */
  static final String HEARTBEAT_PREFIX = "outbox.heartbeat";

  private final SourceDatabase database;
  private final RelaySettings settings;

  /** Nothing is looked at yet. */
  public SlotWatch(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
  }

  /**
   * Writes a logical message, so that an idle outbox gets something to confirm while other tables
   * fill the log.
   */
  public void beat() {
    database.call(
        sql ->
            sql.sql("select pg_logical_emit_message(true, :prefix, :name)")
                .param("prefix", HEARTBEAT_PREFIX)
                .param("name", settings.name())
                .query()
                .listOfRows());
  }

  /** The slot now, if there is one. */
  public Optional<SlotStatus> status() {
    return database.call(sql -> SlotStatus.read(sql, settings.slot()));
  }

  /**
   * The slot now, while the relay depends on it.
   *
   * @throws RelayException when it is gone or invalidated
   */
  public SlotStatus require() {
    SlotStatus slot = status().orElseThrow(() -> SlotCheck.missing(settings));
    SlotCheck.require(settings, slot);
    return slot;
  }
}
