package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TopicReader;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From a relay to the connector and back, while services write. */
@Tag("slow")
@WithLocalStack
class MovingIT {

  @ParameterizedTest
  @CsvSource({"at-least-once, 1", "exactly-once, 1", "at-least-once, 3", "exactly-once, 3"})
  void nothingIsLostOrRepeated(
      String delivery, int shards, PostgresServer postgres, KafkaServer kafka) throws Exception {
    try (OutboxDatabase database = Outboxes.withShards(postgres, shards);
        TopicReader topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".")) {
      moveThereAndBack(delivery, shards, database, kafka, topics);
      assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    }
  }

  private static void moveThereAndBack(
      String delivery, int shards, OutboxDatabase database, KafkaServer kafka, TopicReader topics)
      throws Exception {
    Map<String, String> more = Map.of("shards", String.valueOf(shards));
    Map<String, String> relay = new HashMap<>(more);
    relay.put("delivery", delivery);
    relay.put("engine", "pgoutput");
    Map<String, String> settings = ConnectorSettingsOf.delivery(delivery, database, kafka, more);
    try (ConnectCluster connect = ConnectCluster.start(kafka, 1);
        SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      try (AutoCloseable leading = Relays.started(database, kafka, relay)) {
        awaitMore(topics, writer);
      }
      connect.configure("outbox", settings);
      awaitMore(topics, writer);
      connect.put("/connectors/outbox/stop", null);
      connect.awaitState("outbox", "STOPPED");
      try (AutoCloseable leading = Relays.started(database, kafka, relay)) {
        awaitMore(topics, writer);
      }
      connect.put("/connectors/outbox/resume", null);
      awaitMore(topics, writer);
      // Started before the connector is stopped, it stands by
      AutoCloseable standby = Relays.started(database, kafka, relay);
      try {
        connect.put("/connectors/outbox/stop", null);
        awaitMore(topics, writer);
        int written = writer.stop();
        await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
      } finally {
        standby.close();
      }
    }
  }

  private static void awaitMore(TopicReader topics, SteadyWriter writer) {
    int due = writer.written() + 200;
    await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= due);
  }
}
