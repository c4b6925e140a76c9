package dev.outbox.idempotency.inbox;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

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
   * @throws UnidentifiedEventException when the record does not say which event it is
   */
  static ReceivedEvent read(ConsumerRecord<byte[], byte[]> record, EventKeys keys) {
    try {
      return new ReceivedEvent(keys.of(record), record);
    } catch (IllegalArgumentException e) {
      throw new UnidentifiedEventException(record, e);
    }
  }

  /** What the inbox recognises the event by; the runner's {@link EventKeys} decide. */
  public EventKey eventKey() {
    return eventKey;
  }

  /** The event id, the same at every redelivery; the key's where no header names one. */
  public String id() {
    return header("id").or(() -> header("ce_id")).orElse(eventKey.id());
  }

  /** Who published the event; the key's source where no header names one. */
  public String source() {
    return header("ce_source").orElse(eventKey.source());
  }

  /** The kind of event. */
  public Optional<String> type() {
    return header("ce_type");
  }

  /** The record's key, for events of the relay the aggregate id. */
  public Optional<String> key() {
    return Optional.ofNullable(record.key()).map(EventHeaders::lenientText);
  }

  /** The record's value, not copied; empty for a tombstone. */
  public Optional<byte[]> payload() {
    return Optional.ofNullable(record.value());
  }

  /** The last header of this name, as text. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(record.headers().lastHeader(name))
        .flatMap(header -> Optional.ofNullable(header.value()))
        .map(EventHeaders::lenientText);
  }

  /** All headers with a value as text; of several with one name the last. */
  public Map<String, String> headers() {
    Map<String, String> result = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      if (header.value() != null) {
        result.put(header.key(), EventHeaders.lenientText(header.value()));
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

  ConsumerRecord<byte[], byte[]> record() {
    return record;
  }

  /** Where the event stands and its id; never the payload. */
  @Override
  public String toString() {
    return "%s of %s at %s-%d@%d".formatted(id(), source(), topic(), partition(), offset());
  }
}
