package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TopicReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many small databases, whose relays are connectors of one cluster of workers. */
@Tag("slow")
@WithLocalStack
class FiftyDatabasesIT {

  private static final int DATABASES = 50;
  private static final int WORKERS = 2;
  private static final int EVENTS_EACH = 20;

  @Test
  void aClusterOfWorkersRelaysThemAll(KafkaServer kafka) {
    List<OutboxDatabase> databases = new ArrayList<>();
    try (LocalPostgres postgres =
            LocalPostgres.builder()
                .setting("max_replication_slots", String.valueOf(2 * DATABASES))
                .setting("max_wal_senders", String.valueOf(2 * DATABASES))
                .setting("max_connections", String.valueOf(20 * DATABASES))
                .start();
        ConnectCluster connect = ConnectCluster.start(kafka, WORKERS)) {
      long before = connect.residentKilobytes();
      for (int i = 0; i < DATABASES; i++) {
        OutboxDatabase database = Outboxes.withSlot(postgres);
        databases.add(database);
        connect.configure(
            database.slot(), ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of()));
      }
      for (int event = 0; event < EVENTS_EACH; event++) {
        for (OutboxDatabase database : databases) {
          var unused = database.insert("Order", String.valueOf(event % 3), "event " + event);
        }
      }
      databases.forEach(database -> assertPublished(database, kafka));
      System.out.printf(
          "%d connectors: %d kB resident each, connections each: %s%n",
          DATABASES,
          (connect.residentKilobytes() - before) / DATABASES,
          databases
              .get(0)
              .query(
                  "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"));
      databases.forEach(database -> connect.awaitState(database.slot(), "RUNNING"));
      databases.forEach(database -> connect.delete("/connectors/" + database.slot()));
    }
  }

  private static void assertPublished(OutboxDatabase database, KafkaServer kafka) {
    try (TopicReader topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".")) {
      await().atMost(PATIENCE).until(() -> topics.poll().size() >= EVENTS_EACH);
      assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    }
  }
}
