package dev.outbox.idempotency.inbox;

import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What makes two records the same event to a consumer. Whichever is chosen, keep it: under another
 * strategy every event is new again.
 *
 * <p>A function of the record alone, so that a redelivery has the same key. Works on records of any
 * deserializers; header, topic, partition and offset are the same for all. Any number of threads
 * may use one instance.
 */
@FunctionalInterface
public interface EventKeys {

  /**
   * The key of a record.
   *
   * @throws IllegalArgumentException when the record does not say which event it is; the message
   *     goes to operators, so it names headers and limits and never the payload
   */
  EventKey of(ConsumerRecord<?, ?> record);

  /**
   * The default: the event id, header {@code id} or {@code ce_id}, within its source, header {@code
   * ce_source}. Recognises whatever the publisher sends again.
   */
  static EventKeys eventId() {
    return EventHeaders::key;
  }

  /**
   * The event id, for publishers that name no source.
   *
   * @param sourceWhenMissing the source of records without a header {@code ce_source}
   */
  static EventKeys eventId(String sourceWhenMissing) {
    MarkerText.check("sourceWhenMissing", sourceWhenMissing, MarkerText.LONGEST_SOURCE);
    return record -> EventHeaders.key(record, Optional.of(sourceWhenMissing));
  }

  /**
   * A business key, for what shall take effect once however many events tell of it: two events with
   * different ids and the same business key are one.
   *
   * @param scope what the key is unique within, such as {@code payment-captured}; keep it apart
   *     from sources and from other scopes of the consumer
   * @param key gives the key, such as the payment's number; null or blank refuses the record
   */
  static EventKeys businessKey(String scope, Function<ConsumerRecord<?, ?>, @Nullable String> key) {
    MarkerText.check("scope", scope, MarkerText.LONGEST_SOURCE);
    return record ->
        Optional.ofNullable(key.apply(record))
            .map(text -> new EventKey(scope, text))
            .orElseThrow(
                () -> new IllegalArgumentException("it has no business key '" + scope + "'"));
  }

  /**
   * A business key that a header carries.
   *
   * @param scope as for {@link #businessKey}
   * @param header the header's name; of several the last counts
   */
  static EventKeys header(String scope, String header) {
    return businessKey(scope, record -> EventHeaders.text(record, header).orElse(null));
  }

  /**
   * A business key that is the record's key, for topics with one event for each key. Keys are text
   * or UTF-8.
   *
   * @param scope as for {@link #businessKey}
   */
  static EventKeys recordKey(String scope) {
    return businessKey(scope, EventHeaders::recordKey);
  }

  /**
   * Topic, partition and offset, for publishers that give no id. Recognises what Kafka delivers
   * again to the consumer, not what the publisher sends again: that has another offset. A topic
   * that is deleted and made anew counts its offsets from the beginning, so take another consumer
   * name then.
   */
  static EventKeys offset() {
    return record -> EventKey.atOffset(record.topic(), record.partition(), record.offset());
  }
}
