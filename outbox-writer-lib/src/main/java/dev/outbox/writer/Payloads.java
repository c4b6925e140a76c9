package dev.outbox.writer;

import org.jspecify.annotations.Nullable;

/** Runs a serializer, whose failures and null results become errors that name it. */
final class Payloads {

  private Payloads() {}

  static <T> byte[] encode(T object, EventSerializer<? super T> serializer) {
    byte[] bytes;
    try {
      bytes = serializer.serialize(object);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(object, serializer, "was interrupted", e);
    } catch (Exception e) {
      throw failed(object, serializer, "failed with " + e.getClass().getName(), e);
    }
    return require(bytes, object, serializer);
  }

  private static byte[] require(
      byte @Nullable [] bytes, Object object, EventSerializer<?> serializer) {
    if (bytes == null) {
      throw failed(object, serializer, "returned null; use OutboxEvent.tombstone(…) instead", null);
    }
    return bytes;
  }

  private static EventSerializationException failed(
      Object object, EventSerializer<?> serializer, String problem, @Nullable Throwable cause) {
    return new EventSerializationException(
        "Cannot encode a %s as payload of an event: the serializer %s %s"
            .formatted(object.getClass().getName(), serializer.getClass().getName(), problem),
        cause);
  }
}
