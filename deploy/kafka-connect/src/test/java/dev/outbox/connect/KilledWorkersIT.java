package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TopicReader;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three workers, of which the one at work is killed under load. */
@Tag("slow")
@WithLocalStack
class KilledWorkersIT {

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;
  private String connector;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = Outboxes.withSlot(postgres);
    connector = "outbox-" + database.slot();
    topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".");
  }

  @Test
  void atLeastOnceNothingIsLostAndOrderIsKept() {
    killUnderLoad(2, ConnectorSettingsOf.database(database, kafka, Map.of()));
    EventOrder.assertKept(topics.idsByKey(), database.eventIdsByKey());
    EventOrder.assertPositionsGrowAndStay(topics.poll());
  }

  @Test
  void exactlyOnceNothingIsRepeatedEither() {
    killUnderLoad(3, ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of()));
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    EventOrder.assertPositionsGrowAndStay(topics.poll());
  }

  @Test
  @Tag("long")
  void exactlyOnceNothingIsRepeatedAfterTwentyKills() {
    killUnderLoad(20, ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of()));
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    EventOrder.assertPositionsGrowAndStay(topics.poll());
  }

  @Test
  void shardsAreSpreadAndTakenOver(PostgresServer postgres) {
    database.close();
    database = Outboxes.withShards(postgres, 4);
    topics.close();
    topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".");
    try (ConnectCluster connect = ConnectCluster.start(kafka, 3)) {
      connect.configure(
          connector, ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of("shards", "4")));
      await().atMost(PATIENCE).until(() -> connect.workersOfTasks(connector, 4).size() == 3);
      try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
        awaitMore(writer);
        ConnectWorker one = connect.workerOfTask(connector);
        one.process().sigkill();
        awaitMore(writer);
        await().atMost(PATIENCE).until(() -> connect.workersOfTasks(connector, 4).size() == 2);
        int written = writer.stop();
        await().atMost(PATIENCE).until(() -> topics.poll().size() >= written);
      }
    }
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  private void killUnderLoad(int kills, Map<String, String> settings) {
    try (ConnectCluster connect = ConnectCluster.start(kafka, 3)) {
      connect.configure(connector, settings);
      try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
        for (int i = 0; i < kills; i++) {
          ConnectWorker working = connect.workerOfTask(connector);
          awaitMore(writer);
          working.process().sigkill();
          connect.replace(working);
        }
        var unused = connect.workerOfTask(connector);
        awaitMore(writer);
        int written = writer.stop();
        // Repeats stand before what came after the last kill.
        await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
      }
    }
  }

  /** Some hundred events are on the topics that are not written yet. */
  private void awaitMore(SteadyWriter writer) {
    int due = writer.written() + 200;
    await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= due);
  }
}
