package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings.Engine;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A stream that is silent for long: because it is held back, or because it is cut in half. */
@WithLocalStack
class BrokenConnectionTest {

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
    kafka.createTopic(database.slot() + ".Order", 1);
  }

  @Test
  @Tag("long")
  void aRelayHeldBackByItsBrokerKeepsItsSlotBeyondTheServersPatience() throws Exception {
    // Given a server that gives slots of silent readers away after four seconds
    Relay relay =
        start(Map.of("in-flight-limit", "1MB", "database.url", withOptions(database.url())));
    try {
      String process = String.valueOf(walSender());
      // When the broker is away, and more is to be read than the relay may hold
      kafka.stop();
      Instant since;
      try {
        database.write(
            """
            insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
            select gen_random_uuid(), 'Order', (i % 10)::text, 'Large', repeat('x', 200000)::bytea
            from generate_series(1, 500) i
            """);
        since = Instant.now();
        await()
            .atMost(PATIENCE)
            .until(() -> Instant.now().isAfter(since.plus(Duration.ofSeconds(12))));
        // Then the same process of the server still streams to it
        assertThat(walSender()).isEqualTo(process);
        assertThat(relay.state()).isInstanceOf(Leading.class);
      } finally {
        kafka.start();
      }
      await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 500);
      assertThat(walSender()).isEqualTo(process);
    } finally {
      relay.stop();
    }
  }

  @Test
  @Tag("long")
  void aRelayThatHearsNothingMoreOfItsDatabaseConnectsAnew(PostgresServer postgres)
      throws Exception {
    // Given a relay that has published through a proxy
    try (FaultProxy proxy = FaultProxy.before(postgres.port())) {
      Relay relay =
          start(
              Map.of(
                  "database.url",
                  database.url().replace(":" + postgres.port() + "/", ":" + proxy.port() + "/")));
      try {
        database.insert("Order", "1", "before");
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 1);
        // When the connections stay open but carry nothing any more
        proxy.stall();
        // Then the relay gives them up and says why
        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    relay.state() instanceof Failed failed
                        && failed.failure().problem().contains("has not answered"));
        // And goes on when there is a way again
        String after = database.insert("Order", "1", "after");
        proxy.resume();
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().contains(after));
      } finally {
        relay.stop();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Engine.class)
  @Tag("long")
  void aRelayWhoseStreamAloneIsCutOffConnectsAnew(Engine engine, PostgresServer postgres)
      throws Exception {
    // Given a relay that has published through a proxy
    try (FaultProxy proxy = FaultProxy.before(postgres.port())) {
      Relay relay =
          start(
              Map.of(
                  "engine",
                  engine.name(),
                  "database.url",
                  database.url().replace(":" + postgres.port() + "/", ":" + proxy.port() + "/")));
      try {
        database.insert("Order", "1", "before");
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 1);
        // When its connections carry nothing any more, and new ones do
        proxy.stallPresent();
        String after = database.insert("Order", "1", "after");
        // Then it goes on with new ones
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().contains(after));
      } finally {
        relay.stop();
      }
    }
  }

  private static String withOptions(String url) {
    return url + "?options=-c%20wal_sender_timeout=4s";
  }

  private String walSender() {
    return String.valueOf(
        database.query(
            "select active_pid from pg_replication_slots where slot_name = '%s'"
                .formatted(database.slot())));
  }

  private Relay start(Map<String, String> more) {
    Relay relay =
        new Relay(
            TestSettings.of(database, kafka.bootstrapServers(), more),
            new RelayMetrics(new SimpleMeterRegistry()));
    relay.start();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    return relay;
  }
}
