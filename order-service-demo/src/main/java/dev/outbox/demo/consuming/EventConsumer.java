package dev.outbox.demo.consuming;

import dev.outbox.idempotency.inbox.InboxMetrics;
import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.RunnerState;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.SmartLifecycle;

/**
 * Applies the events of a topic, each once. Begins when the application is ready to serve and ends
 * before its pool closes. An application that cannot reach Kafka does not start.
 */
public final class EventConsumer implements SmartLifecycle, HealthIndicator {

  private final String name;
  private final String topic;
  private final KafkaSettings kafka;
  private final InboxTransactions transactions;
  private final MeterRegistry meters;
  private final EventEffect effect;
  private volatile @Nullable InboxRunner runner;

  EventConsumer(
      String name,
      String topic,
      KafkaSettings kafka,
      InboxTransactions transactions,
      MeterRegistry meters,
      EventEffect effect) {
    this.name = name;
    this.topic = topic;
    this.kafka = kafka;
    this.transactions = transactions;
    this.meters = meters;
    this.effect = effect;
  }

  @Override
  public void start() {
    InboxRunner starting =
        InboxRunner.builder()
            .consumer(name)
            .topics(topic)
            .kafka(Map.of("bootstrap.servers", kafka.bootstrapServers()))
            .transactions(transactions)
            .handler((connection, event) -> effect.apply(event))
            .build();
    starting.start();
    new InboxMetrics(starting).bindTo(meters);
    runner = starting;
  }

  @Override
  public void stop() {
    InboxRunner running = runner;
    if (running != null) {
      running.stop();
      runner = null;
    }
  }

  @Override
  public boolean isRunning() {
    return runner != null;
  }

  /** Down when events stay unapplied, with the reason in the log. */
  @Override
  public Health health() {
    InboxRunner running = runner;
    if (running == null) {
      return Health.down().build();
    }
    RunnerState state = running.state();
    return (state instanceof RunnerState.Running ? Health.up() : Health.down())
        .withDetail("state", state.getClass().getSimpleName())
        .withDetail("applied", running.counts().applied())
        .withDetail("repeats", running.counts().repeats())
        .build();
  }
}
