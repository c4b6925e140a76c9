package dev.outbox.connect;

import dev.outbox.local.PostgresServer;
import dev.outbox.relay.Installation;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.Map;

/** Databases for tests of connectors. */
final class Outboxes {

  private Outboxes() {}

  /** One whose slot is there, so that whatever is written from now on counts. */
  static OutboxDatabase withSlot(PostgresServer postgres) {
    OutboxDatabase database = OutboxDatabase.create(postgres);
    install(database);
    return database;
  }

  /** Makes the slot as the relay's {@code init} does. */
  static void install(OutboxDatabase database) {
    new Installation(TestSettings.of(database, "localhost:1", Map.of())).run(false);
  }
}
