package dev.outbox.idempotency.inbox;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** What headers say about an event. */
final class EventHeaders {

  private EventHeaders() {}

  static EventKey key(ConsumerRecord<?, ?> record) {
    return key(record, Optional.empty());
  }

  static EventKey key(ConsumerRecord<?, ?> record, Optional<String> sourceWhenMissing) {
    return new EventKey(
        source(record)
            .or(() -> sourceWhenMissing)
            .orElseThrow(() -> new IllegalArgumentException("it has no header 'ce_source'")),
        id(record)
            .orElseThrow(() -> new IllegalArgumentException("it has no header 'id' or 'ce_id'")));
  }

  static Optional<String> id(ConsumerRecord<?, ?> record) {
    return text(record, "id").or(() -> text(record, "ce_id"));
  }

  static Optional<String> source(ConsumerRecord<?, ?> record) {
    return text(record, "ce_source");
  }

  /** The last header of this name. */
  static Optional<String> text(ConsumerRecord<?, ?> record, String name) {
    return Optional.ofNullable(record.headers().lastHeader(name))
        .map(Header::value)
        .map(value -> MarkerText.decode("header '" + name + "'", value));
  }

  static @Nullable String recordKey(ConsumerRecord<?, ?> record) {
    Object key = record.key();
    if (key instanceof byte[] bytes) {
      return MarkerText.decode("the record's key", bytes);
    }
    return key == null ? null : key.toString();
  }

  static String lenientText(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
