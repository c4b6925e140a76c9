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
    install(database, Map.of());
    return database;
  }

  /** One that is divided, with the slots of all shards. */
  static OutboxDatabase withShards(PostgresServer postgres, int shards) {
    OutboxDatabase database = OutboxDatabase.createUninitialised(postgres);
    Map<String, String> settings = Map.of("shards", String.valueOf(shards));
    database.install(settings);
    install(database, settings);
    return database;
  }

  /** Makes the slots as the relay's {@code init} does. */
  static void install(OutboxDatabase database, Map<String, String> settings) {
    new Installation(TestSettings.of(database, "localhost:1", settings)).run(false);
  }
}
