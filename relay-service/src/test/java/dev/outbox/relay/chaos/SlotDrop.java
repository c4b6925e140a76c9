package dev.outbox.relay.chaos;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;

/** Takes a replication slot away, from under whoever streams from it. */
record SlotDrop(OutboxDatabase database, String name) {

  private static final int PAUSE_MILLIS = 20;

  /** A relay is quick to come back, and the server may be just away: tried until it is done. */
  void run() throws InterruptedException {
    while (!isDone()) {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }

  private boolean isDone() {
    try (Connection connection = database.server().connect(database.slot());
        Statement statement = connection.createStatement()) {
      String slot = " from pg_replication_slots where slot_name = '" + name + "'";
      statement.execute("select pg_terminate_backend(active_pid, 1000)" + slot + " and active");
      statement.execute("select pg_drop_replication_slot(slot_name)" + slot);
      return true;
    } catch (SQLException slotInUseOrServerAway) {
      return false;
    }
  }
}
