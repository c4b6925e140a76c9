package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.source.SlotStart;
import java.util.Objects;
import java.util.Optional;

/** Looks after the slot while the relay runs: keeps it moving, sees it go. Thread-safe. */
public final class SlotWatch {

  /** Prefix of the relay's own logical messages; they are nothing to publish. */
  static final String HEARTBEAT_PREFIX = "outbox.heartbeat";

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;

  /** Nothing is looked at yet. */
  public SlotWatch(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
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
   * Debezium makes a missing slot anew without a word, so this asks, once it streams, whether it
   * streams from the slot that was checked before. Nobody else may have moved that one.
   *
   * @throws RelayException when the slot is another; also remembered for later starts
   */
  public void requireUnmoved(SlotStart start) {
    SlotStatus slot = require();
    if (!Objects.equals(slot.confirmedLsn(), start.confirmedLsn())) {
      String gap =
          "Replication slot '%s' was made anew at %s while the relay started"
              .formatted(settings.slot(), slot.confirmedText());
      database.call(
          sql -> {
            record.rememberGap(sql, gap);
            return gap;
          });
      throw SlotCheck.gap(settings, gap);
    }
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
