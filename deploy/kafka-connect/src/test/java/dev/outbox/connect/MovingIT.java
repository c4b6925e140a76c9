package dev.outbox.connect;

import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TopicReader;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a relay to the connector and back, while services write. */
@Tag("slow")
@WithLocalStack
class MovingIT {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = Outboxes.withSlot(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".");
  }

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void nothingIsLostAndOrderIsKept(String delivery) throws Exception {
    Map<String, String> relay = Map.of("delivery", delivery, "engine", "pgoutput");
    Map<String, String> settings =
        ConnectorSettingsOf.delivery(delivery, database, kafka, Map.of());
    try (ConnectCluster connect = ConnectCluster.start(kafka, 1);
        SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      try (AutoCloseable leading = Relays.leading(database, kafka, relay)) {
        awaitMore(writer);
      }
      connect.configure("outbox", settings);
      awaitMore(writer);
      connect.put("/connectors/outbox/stop", null);
      connect.awaitState("outbox", "STOPPED");
      try (AutoCloseable leading = Relays.leading(database, kafka, relay)) {
        awaitMore(writer);
      }
      connect.put("/connectors/outbox/resume", null);
      awaitMore(writer);
      // Started before the connector is stopped, it stands by
      AutoCloseable standby = Relays.started(database, kafka, relay);
      try {
        connect.put("/connectors/outbox/stop", null);
        awaitMore(writer);
        int written = writer.stop();
        await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
      } finally {
        standby.close();
      }
    }
    // A stop of the connector amid a backlog may cut a transaction, which the relay repeats.
    EventOrder.assertKept(topics.idsByKey(), database.eventIdsByKey());
  }

  private void awaitMore(SteadyWriter writer) {
    int due = writer.written() + 200;
    await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= due);
  }
}
