package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.Stage;

/** Writes operators' commands to a shard where it will read them. Thread-safe. */
public final class CommandLog {

  private final SourceDatabase database;
  private final ShardRecord record;
  private final ControlLog log;

  /**
   * @param settings of the shard
   */
  public CommandLog(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.record = new ShardRecord(settings);
    this.log = new ControlLog(settings.name());
  }

  /**
   * Writes a command.
   *
   * @return the LSN of the command's record; it is carried out once the slot has passed it
   * @throws dev.outbox.relay.failure.RelayException when the shard is about to end
   */
  public long write(ControlMessage command) {
    return database.inTransaction(
        Stage.OPERATIONS,
        sql -> {
          record.requireNoEnd(sql);
          return log.write(sql, command);
        });
  }
}
