package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.util.unit.DataSize;

/** The producer's settings: defaults, the user's own, and those that uphold a guarantee. */
final class ProducerSettings {

  /** Not the producer but the topic shall decide how large an event may be. */
  private static final DataSize LARGEST_REQUEST = DataSize.ofMegabytes(16);

  /** Room for the largest, with what it takes beside the event. */
  private static final DataSize LEAST_BUFFER = DataSize.ofMegabytes(17);

  /** How long one attempt waits for a topic's metadata before it looks whether to give up. */
  private static final Duration METADATA_ATTEMPT = Duration.ofSeconds(2);

  private ProducerSettings() {}

  static Map<String, Object> of(RelaySettings settings) {
    Map<String, Object> config = new HashMap<>();
    config.put(ProducerConfig.CLIENT_ID_CONFIG, "outbox-relay-" + settings.name());
    config.put(ProducerConfig.LINGER_MS_CONFIG, 1);
    config.put(ProducerConfig.BATCH_SIZE_CONFIG, (int) DataSize.ofKilobytes(64).toBytes());
    config.put(
        ProducerConfig.BUFFER_MEMORY_CONFIG,
        // Batches that are not full take as much as full ones.
        Math.max(2 * settings.inFlightLimit().toBytes(), LEAST_BUFFER.toBytes()));
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, METADATA_ATTEMPT.toMillis());
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, (int) LARGEST_REQUEST.toBytes());
    config.putAll(settings.kafka().properties());
    config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.kafka().bootstrapServers());
    config.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    config.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    // A broker accepts any sequence number from a producer it has no state of. With two batches
    // under way to a new partition, the second is taken and the first refused while the partition
    // comes up.
    config.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
    config.put(ProducerConfig.RETRIES_CONFIG, Integer.MAX_VALUE);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
    return config;
  }

  /** The same for transactions, which fence every instance that began before. */
  static Map<String, Object> transactional(RelaySettings settings) {
    Map<String, Object> config = of(settings);
    config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "outbox-relay-" + settings.name());
    return config;
  }

  /** The producer's connection settings for an admin client that gives up in time. */
  static Map<String, Object> forAdmin(Map<String, Object> producer, Duration timeout) {
    Map<String, Object> config = new HashMap<>(producer);
    config.keySet().retainAll(AdminClientConfig.configNames());
    config.put(CommonClientConfigs.CLIENT_ID_CONFIG, config.get("client.id") + "-admin");
    config.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) timeout.toMillis());
    config.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) timeout.toMillis());
    return config;
  }
}
