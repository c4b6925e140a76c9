package dev.outbox.relay.topics;

import dev.outbox.relay.config.RelaySettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.springframework.util.unit.DataSize;

/** The settings of a consumer without a group that reads on its own account. */
final class ConsumerSettings {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
  private static final int RECORDS_AT_ONCE = 5_000;
  private static final DataSize BYTES_AT_ONCE = DataSize.ofMegabytes(8);

  private ConsumerSettings() {}

  /** The user's producer settings are taken over as far as a consumer knows them: security. */
  static Map<String, Object> of(RelaySettings settings, String purpose, IsolationLevel isolation) {
    Map<String, Object> config = new HashMap<>(settings.kafka().properties());
    config.keySet().retainAll(ConsumerConfig.configNames());
    config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.kafka().bootstrapServers());
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, "outbox-relay-" + settings.name() + "-" + purpose);
    config.put(
        ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation.toString().toLowerCase(Locale.ROOT));
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS_AT_ONCE);
    config.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, (int) BYTES_AT_ONCE.toBytes());
    config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) ANSWER_WITHIN.toMillis());
    return config;
  }
}
