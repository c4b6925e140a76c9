package dev.outbox.connect;

import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.routing.RoutedRecord;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Headers;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * An event's record as the worker gets it, and who is told what became of it. Bytes as they are, so
 * that with the converters for bytes it is the record that the relay would send; the partition is
 * left to the producer, which takes it from the key.
 */
final class HandedRecord extends SourceRecord {

  private final transient Delivery delivery;

  HandedRecord(
      Map<String, String> partition,
      Map<String, String> offset,
      RoutedRecord routed,
      Delivery delivery) {
    super(
        partition,
        offset,
        routed.topic(),
        null,
        Schema.BYTES_SCHEMA,
        routed.key(),
        Schema.OPTIONAL_BYTES_SCHEMA,
        routed.value(),
        null,
        headers(routed));
    this.delivery = delivery;
  }

  private static Headers headers(RoutedRecord routed) {
    Headers headers = new ConnectHeaders();
    routed.headers().forEach(header -> headers.addBytes(header.name(), header.value()));
    return headers;
  }

  Delivery delivery() {
    return delivery;
  }

  /** Each is itself: workers keep records in maps, and the bytes of two need not be compared. */
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
