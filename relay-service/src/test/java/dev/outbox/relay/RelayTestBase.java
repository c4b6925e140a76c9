package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;

/** Relays in this JVM, between a real database and a real broker. */
@WithLocalStack
abstract class RelayTestBase {

  private final List<Relay> relays = new ArrayList<>();
  SimpleMeterRegistry registry = new SimpleMeterRegistry();
  @AutoClose OutboxDatabase database;
  @AutoClose TopicReader topics;
  KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  @AfterEach
  void stopRelays() throws InterruptedException {
    for (Relay relay : relays) {
      relay.stop();
    }
  }

  Relay startRelay() {
    return startRelay(Map.of());
  }

  Relay startRelay(Map<String, String> more) {
    Relay relay = newRelay(more);
    // A relay publishes what is committed after its slot was made.
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Leading || relay.state() instanceof Standby);
    return relay;
  }

  Relay newRelay(Map<String, String> more) {
    RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), more);
    registry = new SimpleMeterRegistry();
    Relay relay = new Relay(settings, new RelayMetrics(registry));
    relays.add(relay);
    relay.start();
    return relay;
  }

  static ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }

  void insertMany(int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 20)::text, 'Many', '{}'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }
}
