package dev.outbox.idempotency.inbox;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Where a record of the relay stands, which is all that {@link PositionInbox} needs to know of it.
 *
 * @param topic its topic
 * @param partition its partition
 * @param source the relay's name, header {@code ce_source}, and its shard, header {@code
 *     outbox-shard}, where there are several: {@code orders/2of4}. Positions of two sources do not
 *     compare, so each has a mark of its own
 * @param position header {@code outbox-position}, as the relay writes it
 * @param replayed whether a {@code replay} of the relay published it once more
 * @throws IllegalArgumentException when the source is no text of a marker, or the position is not
 *     one of the relay
 */
public record RecordPosition(
    String topic, int partition, String source, String position, boolean replayed) {

  public RecordPosition {
    MarkerText.check("source", source, MarkerText.LONGEST_SOURCE);
    var unused = OutboxPosition.parse(position);
  }

  /**
   * The position of a record, of any deserializers.
   *
   * @throws IllegalArgumentException when the relay's headers are missing or malformed
   */
  public static RecordPosition of(ConsumerRecord<?, ?> record) {
    return new RecordPosition(
        record.topic(),
        record.partition(),
        source(record),
        required(record, OutboxPosition.HEADER),
        record.headers().lastHeader(OutboxPosition.REPLAY_HEADER) != null);
  }

  private static String source(ConsumerRecord<?, ?> record) {
    String relay = required(record, "ce_source");
    return EventHeaders.text(record, OutboxPosition.SHARD_HEADER)
        .map(shard -> relay + "/" + shard)
        .orElse(relay);
  }

  private static String required(ConsumerRecord<?, ?> record, String header) {
    return EventHeaders.text(record, header)
        .orElseThrow(() -> new IllegalArgumentException("it has no header '" + header + "'"));
  }
}
