package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** What a runner was built with. */
record RunnerSettings(
    String consumer,
    List<String> topics,
    Map<String, Object> kafka,
    InboxTransactions transactions,
    InboxTable table,
    EventHandler handler,
    Deduplication deduplication,
    Attempts attempts,
    FailurePolicy onFailure,
    int concurrency,
    Optional<Retention> retention,
    Duration startTimeout) {

  /** How long markers are kept, and what happens at the start when that is too short. */
  record Retention(Duration window, RetentionCheck check) {}

  private static final int DEFAULT_MAX_POLL_RECORDS = 500;
  private static final long DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;

  /** The largest batch, hence the largest transaction. */
  int mostInBatch() {
    return Integer.parseInt(
        setting(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, DEFAULT_MAX_POLL_RECORDS));
  }

  /** How long Kafka waits for a member before it gives its partitions away. */
  Duration pollInterval() {
    return Duration.ofMillis(
        Long.parseLong(
            setting(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, DEFAULT_MAX_POLL_INTERVAL_MS)));
  }

  String bootstrapServers() {
    return setting(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, "");
  }

  String group() {
    return setting(ConsumerConfig.GROUP_ID_CONFIG, consumer);
  }

  private String setting(String name, Object otherwise) {
    return String.valueOf(kafka.getOrDefault(name, otherwise)).trim();
  }
}
