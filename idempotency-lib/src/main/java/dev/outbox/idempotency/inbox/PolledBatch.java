package dev.outbox.idempotency.inbox;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What one poll returned, up to the first record of each partition that does not say which event it
 * is.
 *
 * @param events in order of each partition
 * @param first where each partition's part begins: the place to go back to after a failure
 * @param next what to commit once the events are applied; past transaction markers of the topic, so
 *     that the group's lag can reach zero
 * @param refused the first such record, if there is one
 */
record PolledBatch(
    List<ReceivedEvent> events,
    Map<TopicPartition, Long> first,
    Map<TopicPartition, OffsetAndMetadata> next,
    Optional<UnidentifiedEventException> refused) {

  static PolledBatch read(ConsumerRecords<byte[], byte[]> records, Recognition recognition) {
    List<ReceivedEvent> events = new ArrayList<>(records.count());
    Map<TopicPartition, Long> first = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>(records.nextOffsets());
    Optional<UnidentifiedEventException> refused = Optional.empty();
    for (TopicPartition partition : records.partitions()) {
      List<ConsumerRecord<byte[], byte[]>> part = records.records(partition);
      first.put(partition, part.get(0).offset());
      try {
        for (ConsumerRecord<byte[], byte[]> record : part) {
          events.add(recognition.read(record));
        }
      } catch (UnidentifiedEventException e) {
        next.put(partition, new OffsetAndMetadata(e.offset()));
        refused = refused.or(() -> Optional.of(e));
      }
    }
    return new PolledBatch(List.copyOf(events), first, next, refused);
  }
}
