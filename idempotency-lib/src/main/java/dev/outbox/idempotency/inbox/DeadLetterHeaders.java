package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** What a record of a dead-letter topic tells beside what the original record told. */
public final class DeadLetterHeaders {

  /** The consumer that gave the event up. */
  public static final String CONSUMER = "dead-letter-consumer";

  /** Class and SQLSTATE of the failure, or that the event follows another of its key. */
  public static final String REASON = "dead-letter-reason";

  /** What the failure said, at most 1,000 characters; may quote the event. */
  public static final String DETAILS = "dead-letter-details";

  /** How often the event was tried; 0 for one that follows. */
  public static final String ATTEMPTS = "dead-letter-attempts";

  /** When it was given up, ISO 8601. */
  public static final String TIME = "dead-letter-time";

  /** Origin. */
  public static final String TOPIC = "dead-letter-topic";

  /** Origin. */
  public static final String PARTITION = "dead-letter-partition";

  /** Origin. */
  public static final String OFFSET = "dead-letter-offset";

  /** The original record's timestamp in milliseconds. */
  public static final String TIMESTAMP = "dead-letter-timestamp";

  private static final Set<String> ALL =
      Set.of(CONSUMER, REASON, DETAILS, ATTEMPTS, TIME, TOPIC, PARTITION, OFFSET, TIMESTAMP);

  private static final int LONGEST_DETAILS = 1_000;

  private DeadLetterHeaders() {}

  /** The original record with these headers behind its own. */
  static ProducerRecord<byte[], byte[]> record(
      ConsumerRecord<byte[], byte[]> original,
      String topic,
      @Nullable Integer partition,
      String consumer,
      GivenUp why,
      Instant now) {
    Headers headers = new RecordHeaders(original.headers());
    add(headers, CONSUMER, consumer);
    add(headers, REASON, why.reason());
    add(headers, DETAILS, cut(why.details()));
    add(headers, ATTEMPTS, String.valueOf(why.attempts()));
    add(headers, TIME, now.toString());
    add(headers, TOPIC, original.topic());
    add(headers, PARTITION, String.valueOf(original.partition()));
    add(headers, OFFSET, String.valueOf(original.offset()));
    add(headers, TIMESTAMP, String.valueOf(original.timestamp()));
    return new ProducerRecord<>(topic, partition, null, original.key(), original.value(), headers);
  }

  /** The original record's. */
  static long timestamp(ConsumerRecord<?, ?> deadLetter) {
    return EventHeaders.text(deadLetter, TIMESTAMP).map(Long::parseLong).orElse(-1L);
  }

  /** The original record's. */
  static Headers without(Headers headers) {
    Headers original = new RecordHeaders();
    for (Header header : headers) {
      if (!ALL.contains(header.key())) {
        original.add(header);
      }
    }
    return original;
  }

  private static void add(Headers headers, String name, String value) {
    headers.remove(name);
    headers.add(name, value.getBytes(UTF_8));
  }

  private static String cut(String text) {
    return text.length() <= LONGEST_DETAILS ? text : text.substring(0, LONGEST_DETAILS);
  }
}
