package dev.outbox.idempotency.inbox;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * An event as it came from Kafka: the record with its meaning read from the headers.
 *
 * <p>The event id is the header {@code id}, or {@code ce_id} where that is absent; the source is
 * {@code ce_source}, the type {@code ce_type} (CloudEvents 1.0, Kafka binding, binary mode).
 */
public final class ReceivedEvent {

  private final EventKey eventKey;
  private final ConsumerRecord<byte[], byte[]> record;

  private ReceivedEvent(EventKey eventKey, ConsumerRecord<byte[], byte[]> record) {
    this.eventKey = eventKey;
    this.record = record;
  }

  /**
   * @throws UnidentifiedEventException when the headers do not say which event this is
   */
  static ReceivedEvent read(
      ConsumerRecord<byte[], byte[]> record, Optional<String> sourceWhenMissing) {
    try {
      String id =
          text(record, "id")
              .or(() -> text(record, "ce_id"))
              .orElseThrow(() -> new IllegalArgumentException("it has no header 'id' or 'ce_id'"));
      String source =
          text(record, "ce_source")
              .or(() -> sourceWhenMissing)
              .orElseThrow(() -> new IllegalArgumentException("it has no header 'ce_source'"));
      return new ReceivedEvent(new EventKey(source, id), record);
    } catch (IllegalArgumentException e) {
      throw new UnidentifiedEventException(record, e);
    }
  }

  /** Source and id: what the inbox recognises the event by. */
  public EventKey eventKey() {
    return eventKey;
  }

  /** The event id, the same at every redelivery. */
  public String id() {
    return eventKey.id();
  }

  /** Who published the event. */
  public String source() {
    return eventKey.source();
  }

  /** The kind of event. */
  public Optional<String> type() {
    return header("ce_type");
  }

  /** The record's key, for events of the relay the aggregate id. */
  public Optional<String> key() {
    return Optional.ofNullable(record.key()).map(ReceivedEvent::lenientText);
  }

  /** The record's value, not copied; empty for a tombstone. */
  public Optional<byte[]> payload() {
    return Optional.ofNullable(record.value());
  }

  /** The last header of this name, as text. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(record.headers().lastHeader(name))
        .flatMap(header -> Optional.ofNullable(header.value()))
        .map(ReceivedEvent::lenientText);
  }

  /** All headers with a value as text; of several with one name the last. */
  public Map<String, String> headers() {
    Map<String, String> result = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      if (header.value() != null) {
        result.put(header.key(), lenientText(header.value()));
      }
    }
    return Collections.unmodifiableMap(result);
  }

  public String topic() {
    return record.topic();
  }

  public int partition() {
    return record.partition();
  }

  public long offset() {
    return record.offset();
  }

  /** The record's time by the topic's {@code message.timestamp.type}. */
  public Instant timestamp() {
    return Instant.ofEpochMilli(record.timestamp());
  }

  /** Where the event stands and its id; never the payload. */
  @Override
  public String toString() {
    return "%s of %s at %s-%d@%d".formatted(id(), source(), topic(), partition(), offset());
  }

  private static Optional<String> text(ConsumerRecord<byte[], byte[]> record, String name) {
    Headers headers = record.headers();
    return Optional.ofNullable(headers.lastHeader(name))
        .flatMap(header -> Optional.ofNullable(header.value()))
        .map(value -> MarkerText.decode("header '" + name + "'", value));
  }

  private static String lenientText(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
