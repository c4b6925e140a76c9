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
    install(database, Map.of("shards", String.valueOf(shards)));
    return database;
  }

  /** Makes publications and slots as the owner's and the relay's {@code init} do. */
  static void install(OutboxDatabase database, Map<String, String> settings) {
    database.install(settings);
    new Installation(TestSettings.of(database, "localhost:1", settings)).run(false);
  }
}
