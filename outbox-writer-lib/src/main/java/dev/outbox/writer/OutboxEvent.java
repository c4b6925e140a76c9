package dev.outbox.writer;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event: what happened ({@code type}) to which aggregate, with a payload that is passed to the
 * Kafka record untouched.
 *
 * <p>An object of this class <em>is</em> one event and has its ID from the start, a UUIDv7 unless
 * {@link #withId} or {@link #withBusinessKey} says otherwise. Appending the same object twice, for
 * example when a transaction is retried, therefore writes it once; for another event make another
 * object. Copies made by the {@code with…} methods keep the ID.
 *
 * <p>Names and header values must be storable by PostgreSQL and have a UTF-8 form: NUL characters
 * and unpaired surrogates are refused when the object is made, with an {@link
 * IllegalArgumentException} that names the field. Immutable and safe for use by several threads.
 */
public final class OutboxEvent {

  /** The header that names the payload's media type. Without it consumers are told JSON. */
  public static final String CONTENT_TYPE = "content-type";

  /** The relay writes these, and consumers deduplicate by them. */
  private static final Set<String> IDENTIFYING_HEADERS = Set.of("id", "ce_id", "outbox-position");

  /** The relay writes these too; a row's own value would be dropped on the way. */
  private static final Set<String> OTHER_HEADERS_OF_THE_RELAY =
      Set.of("ce_specversion", "ce_source", "ce_type", "ce_subject", "ce_time", "outbox-replay");

  private final UUID id;
  private final String aggregateType;
  private final String aggregateId;
  private final String type;
  private final byte @Nullable [] payload;
  private final Map<String, String> headers;

  private OutboxEvent(
      UUID id,
      String aggregateType,
      String aggregateId,
      String type,
      byte @Nullable [] payload,
      Map<String, String> headers) {
    this.id = id;
    this.aggregateType = DatabaseText.requireNonBlank("aggregateType", aggregateType);
    this.aggregateId = DatabaseText.requireNonBlank("aggregateId", aggregateId);
    this.type = DatabaseText.requireNonBlank("type", type);
    this.payload = payload;
    this.headers = headers;
  }

  /**
   * An event with a JSON payload.
   *
   * @param aggregateType the kind of thing that changed, for example {@code Order}; it selects the
   *     topic
   * @param aggregateId which one; the key of the Kafka record, so events of one aggregate stay in
   *     commit order
   * @param type what happened, for example {@code OrderPlaced}
   * @param json the payload, encoded in UTF-8 and not inspected
   */
  public static OutboxEvent of(String aggregateType, String aggregateId, String type, String json) {
    return event(
        aggregateType, aggregateId, type, DatabaseText.utf8("payload", requirePayload(json)));
  }

  /** An event whose payload is JSON already encoded in UTF-8; the array is copied. */
  public static OutboxEvent of(String aggregateType, String aggregateId, String type, byte[] json) {
    return event(aggregateType, aggregateId, type, requirePayload(json).clone());
  }

  /**
   * An event in another encoding, such as Avro, Protobuf or a CloudEvents envelope.
   *
   * @param payload the encoded event; the array is copied
   * @param contentType its media type, for example {@code application/protobuf}
   */
  public static OutboxEvent of(
      String aggregateType, String aggregateId, String type, byte[] payload, String contentType) {
    return event(aggregateType, aggregateId, type, requirePayload(payload).clone())
        .withContentType(contentType);
  }

  /**
   * An event whose payload a serializer makes, with the serializer's content type.
   *
   * @param payload what to encode; for an event without payload see {@link #tombstone}
   * @throws EventSerializationException when the serializer fails
   */
  public static <T> OutboxEvent of(
      String aggregateType,
      String aggregateId,
      String type,
      T payload,
      EventSerializer<? super T> serializer) {
    byte[] encoded = Payloads.encode(requirePayload(payload), serializer);
    return event(aggregateType, aggregateId, type, encoded)
        .withContentType(serializer.contentType());
  }

  /**
   * An event without payload. On a compacted topic it deletes the aggregate's earlier records.
   *
   * @param type what happened, for example {@code CustomerErased}
   */
  public static OutboxEvent tombstone(String aggregateType, String aggregateId, String type) {
    return event(aggregateType, aggregateId, type, null);
  }

  private static OutboxEvent event(
      String aggregateType, String aggregateId, String type, byte @Nullable [] payload) {
    return new OutboxEvent(
        EventIds.next(), aggregateType, aggregateId, type, payload, Collections.emptyMap());
  }

  private static <T> T requirePayload(@Nullable T payload) {
    if (payload == null) {
      throw new IllegalArgumentException(
          "payload must not be null; use tombstone(…) for an event without payload");
    }
    return payload;
  }

  /** This event under an ID of the caller's own, for example one received with a command. */
  public OutboxEvent withId(UUID newId) {
    if (newId == null) {
      throw new IllegalArgumentException("id must not be null");
    }
    return copy(newId, headers);
  }

  /**
   * This event under an ID derived from a business key, so that a command that is processed again
   * meets its own event instead of writing a second one.
   *
   * <p>The ID is the name-based UUID (version 5, RFC 9562) in the namespace {@code
   * cdb304fd-c139-41d6-8a9f-0a12241dec13} of the name {@code aggregateType NUL type NUL
   * businessKey} in UTF-8, where NUL is the character U+0000. This never changes, and any language
   * can compute it.
   *
   * @param businessKey what happens at most once, for example {@code payment-123-captured}
   */
  public OutboxEvent withBusinessKey(String businessKey) {
    DatabaseText.requireNonBlank("businessKey", businessKey);
    return copy(EventIds.ofBusinessKey(aggregateType, type, businessKey), headers);
  }

  /** This event with one more record header, or with another value for it. */
  public OutboxEvent withHeader(String name, String value) {
    return withHeaders(Map.of(requireHeaderName(name), requireHeaderValue(name, value)));
  }

  /** This event with these record headers besides those it has; the same names are replaced. */
  public OutboxEvent withHeaders(Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(headers);
    more.forEach(
        (name, value) -> all.put(requireHeaderName(name), requireHeaderValue(name, value)));
    return copy(id, Collections.unmodifiableMap(all));
  }

  /** This event with those of these record headers that it has no value for yet. */
  public OutboxEvent withHeadersIfAbsent(Map<String, String> more) {
    if (headers.keySet().containsAll(more.keySet())) {
      return this;
    }
    Map<String, String> absent = new LinkedHashMap<>(more);
    absent.keySet().removeAll(headers.keySet());
    return withHeaders(absent);
  }

  /** This event with the media type of its payload as header {@value #CONTENT_TYPE}. */
  public OutboxEvent withContentType(String contentType) {
    return withHeader(CONTENT_TYPE, DatabaseText.requireNonBlank("contentType", contentType));
  }

  private OutboxEvent copy(UUID newId, Map<String, String> newHeaders) {
    return new OutboxEvent(newId, aggregateType, aggregateId, type, payload, newHeaders);
  }

  private static String requireHeaderName(@Nullable String name) {
    String text = DatabaseText.requireNonBlank("header name", name);
    if (IDENTIFYING_HEADERS.contains(text)) {
      throw new IllegalArgumentException(
          "header '" + text + "' is written by the relay; use withId for the event's ID");
    }
    if (OTHER_HEADERS_OF_THE_RELAY.contains(text)) {
      throw new IllegalArgumentException(
          "header '" + text + "' is written by the relay, which would drop this one; leave it out");
    }
    return text;
  }

  private static String requireHeaderValue(@Nullable String name, @Nullable String value) {
    return DatabaseText.require("value of header '" + name + "'", value);
  }

  /** The ID under which the event is stored, published and deduplicated. */
  public UUID id() {
    return id;
  }

  /** The kind of thing that changed. */
  public String aggregateType() {
    return aggregateType;
  }

  /** Which one of its kind changed. */
  public String aggregateId() {
    return aggregateId;
  }

  /** What happened. */
  public String type() {
    return type;
  }

  /** A copy of the payload; empty for a tombstone. */
  public Optional<byte[]> payload() {
    return Optional.ofNullable(payload).map(byte[]::clone);
  }

  /** The event's own record headers in the order in which they were added; unmodifiable. */
  public Map<String, String> headers() {
    return headers;
  }

  /** Spares a copy where the bytes are only handed to the driver. */
  byte @Nullable [] payloadUncopied() {
    return payload;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof OutboxEvent that
        && id.equals(that.id)
        && aggregateType.equals(that.aggregateType)
        && aggregateId.equals(that.aggregateId)
        && type.equals(that.type)
        && Arrays.equals(payload, that.payload)
        && headers.equals(that.headers);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, aggregateType, aggregateId, type, Arrays.hashCode(payload), headers);
  }

  /** Identifies the event; shows neither payload nor header values, which may be confidential. */
  @Override
  public String toString() {
    return "OutboxEvent[%s %s/%s, id %s, %s]"
        .formatted(
            type,
            aggregateType,
            aggregateId,
            id,
            payload == null ? "tombstone" : payload.length + " bytes");
  }
}
