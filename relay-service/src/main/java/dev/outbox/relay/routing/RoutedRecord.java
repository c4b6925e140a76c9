package dev.outbox.relay.routing;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka record in the making, free of the Kafka client.
 *
 * @param topic where it goes
 * @param key decides the partition, and with it the order
 * @param value the payload; null is a tombstone
 * @param headers in the order they are sent
 */
@SuppressWarnings("ArrayRecordComponent") // records are never compared; copying payloads costs
public record RoutedRecord(
    String topic, byte[] key, byte @Nullable [] value, List<Header> headers) {

  /** Bytes of key, value and headers. */
  public int size() {
    int size = key.length + (value == null ? 0 : value.length);
    for (Header header : headers) {
      size += header.name().length() + header.value().length;
    }
    return size;
  }

  /**
   * A record header.
   *
   * @param name the header's name
   * @param value its value
   */
  @SuppressWarnings("ArrayRecordComponent") // as above
  public record Header(String name, byte[] value) {}
}
