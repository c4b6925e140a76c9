package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.metrics.RelayMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;

/** Relays in this JVM for tests in which they are the surroundings. */
public final class Relays {

  private Relays() {}

  /** A relay that leads; closing it drains it. */
  public static AutoCloseable leading(
      OutboxDatabase database, KafkaServer kafka, Map<String, String> more) {
    return leading(database, kafka, more, new SimpleMeterRegistry());
  }

  /** The same, with what it measures in a registry. */
  public static AutoCloseable leading(
      OutboxDatabase database,
      KafkaServer kafka,
      Map<String, String> more,
      SimpleMeterRegistry registry) {
    Relay relay = start(database, kafka, more, registry);
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    return relay::stop;
  }

  /** An instance that has begun to look around; it stands by while others have its slots. */
  public static AutoCloseable started(
      OutboxDatabase database, KafkaServer kafka, Map<String, String> more) {
    ShardedRelay instance =
        new ShardedRelay(
            TestSettings.of(database, kafka.bootstrapServers(), more), new SimpleMeterRegistry());
    instance.start();
    return instance::stop;
  }

  private static Relay start(
      OutboxDatabase database,
      KafkaServer kafka,
      Map<String, String> more,
      SimpleMeterRegistry registry) {
    Relay relay =
        new Relay(
            TestSettings.of(database, kafka.bootstrapServers(), more), new RelayMetrics(registry));
    relay.start();
    return relay;
  }
}
