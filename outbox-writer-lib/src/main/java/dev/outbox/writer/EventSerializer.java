package dev.outbox.writer;

/**
 * Makes an event's payload from an object, and says what the bytes are. {@link
 * OutboxEvent#of(String, String, String, Object, EventSerializer)} calls it where the event is
 * made, before anything is written.
 *
 * <p>Implementations are safe for use by several threads. What they throw reaches the caller as the
 * cause of {@link EventSerializationException}.
 *
 * @param <T> what it can encode; {@code Object} if anything
 */
public interface EventSerializer<T> {

  /**
   * Encodes the object.
   *
   * @return the payload; the event keeps this very array, so it must not be changed afterwards
   * @throws Exception when the object has no encoding
   */
  byte[] serialize(T object) throws Exception;

  /** Media type of the encoded objects, for example {@code application/json}. */
  String contentType();

  /**
   * Passes bytes on as they are, for payloads that are encoded already.
   *
   * @param contentType their media type, for example {@code application/protobuf}
   */
  static EventSerializer<byte[]> ofBytes(String contentType) {
    return new BytesSerializer(DatabaseText.requireNonBlank("contentType", contentType));
  }
}
