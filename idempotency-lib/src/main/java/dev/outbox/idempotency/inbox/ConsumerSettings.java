package dev.outbox.idempotency.inbox;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** The Kafka settings the inbox's promise rests on. */
final class ConsumerSettings {

  private static final String BYTES = ByteArrayDeserializer.class.getName();

  private static final List<Required> REQUIRED =
      List.of(
          new Required(
              ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
              "false",
              "Kafka would commit offsets of events whose effect is not committed yet"),
          new Required(
              ConsumerConfig.ISOLATION_LEVEL_CONFIG,
              "read_committed",
              "events of aborted Kafka transactions would be applied"),
          new Required(
              ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
              "earliest",
              "events published before the group's first commit on a partition would be skipped"),
          new Required(
              ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, BYTES, "the handler is given bytes"),
          new Required(
              ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, BYTES, "the handler is given bytes"));

  private ConsumerSettings() {}

  /**
   * The user's settings with the required ones added; {@code group.id} is the consumer's name
   * unless given.
   *
   * @throws ConsumerSettingsException naming every setting that contradicts
   */
  static Map<String, Object> complete(Map<String, ?> given, String consumer) {
    List<String> contradictions = new ArrayList<>();
    Map<String, Object> result = new HashMap<>(given);
    for (Required required : REQUIRED) {
      required.contradictedBy(given.get(required.name())).ifPresent(contradictions::add);
      result.put(required.name(), required.value());
    }
    if (!contradictions.isEmpty()) {
      throw new ConsumerSettingsException(contradictions);
    }
    result.putIfAbsent(ConsumerConfig.GROUP_ID_CONFIG, consumer);
    return result;
  }

  private record Required(String name, String value, String otherwise) {

    Optional<String> contradictedBy(@Nullable Object given) {
      String text = given instanceof Class<?> type ? type.getName() : String.valueOf(given).trim();
      // Kafka itself reads booleans and the isolation level without regard to case.
      if (given == null || text.toLowerCase(Locale.ROOT).equals(value.toLowerCase(Locale.ROOT))) {
        return Optional.empty();
      }
      return Optional.of(
          "%s=%s: %s; remove it or set it to %s".formatted(name, text, otherwise, value));
    }
  }
}
