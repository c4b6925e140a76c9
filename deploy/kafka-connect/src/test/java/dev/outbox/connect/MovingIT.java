package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.Resharding;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.slot.ShardChange;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From a relay to the connector and back, and to other shards, while services write. */
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

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void norWhenTheNumberOfShardsChanges(String delivery, PostgresServer postgres, KafkaServer kafka)
      throws Exception {
    try (OutboxDatabase database = Outboxes.withShards(postgres, 1);
        TopicReader topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".");
        ConnectCluster connect = ConnectCluster.start(kafka, 1);
        SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      connect.configure("outbox", ofShards(1, delivery, database, kafka));
      awaitMore(topics, writer);
      RelaySettings settings =
          TestSettings.of(
              database, kafka.bootstrapServers(), TestSettings.as(database.administrator()));
      CompletableFuture<?> change = new CompletableFuture<>();
      Thread command =
          new Thread(
              () -> {
                try {
                  new Resharding(settings, ProgressListener.NONE).run(2);
                  change.complete(null);
                } catch (InterruptedException | RuntimeException e) {
                  change.completeExceptionally(e);
                }
              },
              "shards");
      command.start();
      // When the task has ended, the connector is given as many as there are to be
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  change.isDone()
                      || ShardChange.division(new SourceDatabase(settings), settings)
                              .now()
                              .orElse(0)
                          == 2);
      connect.configure("outbox", ofShards(2, delivery, database, kafka));
      change.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      awaitMore(topics, writer);
      int written = writer.stop();
      await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
      assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    }
  }

  private static Map<String, String> ofShards(
      int shards, String delivery, OutboxDatabase database, KafkaServer kafka) {
    return ConnectorSettingsOf.delivery(
        delivery, database, kafka, Map.of("shards", String.valueOf(shards)));
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
