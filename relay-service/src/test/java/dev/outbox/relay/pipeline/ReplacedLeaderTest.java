package dev.outbox.relay.pipeline;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.Installation;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.slot.Preflight;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.SlotWatch;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A pipeline whose instance has been replaced without its stream having ended. */
@WithLocalStack
class ReplacedLeaderTest {

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private KafkaServer kafka;
  private volatile boolean replaced;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  @Test
  void handsNothingMoreToKafka() {
    RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), Map.of());
    new Installation(settings).run(false);
    SourceDatabase source = new SourceDatabase(settings);
    Ready ready = (Ready) new Preflight(source, settings).check();
    try (Pipeline pipeline =
        Pipeline.open(
            settings,
            source,
            ready,
            new RelayMetrics(new SimpleMeterRegistry()),
            new KafkaOutlet(),
            () -> new SlotWatch(source, settings).beginRun(ready),
            this::requireNotReplaced,
            lsn -> {},
            Optional.empty())) {
      // Given a pipeline that publishes
      CompletableFuture<Void> run =
          CompletableFuture.runAsync(
              pipeline::run, command -> Executors.newSingleThreadExecutor().execute(command));
      String before = database.insert("Order", "1", "before");
      await()
          .atMost(PATIENCE)
          .pollInSameThread()
          .until(
              () -> {
                assertThat(run).isNotCompletedExceptionally();
                return topic.ids().contains(before);
              });
      // When another instance leads
      replaced = true;
      database.insert("Order", "1", "behind");
      // Then the run ends for that reason, before the next event
      await().atMost(PATIENCE).until(run::isDone);
      assertThat(run)
          .isCompletedExceptionally()
          .failsWithin(PATIENCE)
          .withThrowableThat()
          .withRootCauseInstanceOf(ReplacedException.class);
      assertThat(topic.ids()).containsExactly(before);
    }
  }

  private void requireNotReplaced() {
    if (replaced) {
      throw new ReplacedException("Another instance of this relay has taken over.");
    }
  }
}
