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
 * @param events of each partition, in order
 * @param next what to commit once the events are applied; past transaction markers of the topic, so
 *     that the group's lag can reach zero
 * @param refused the first such record of each partition
 */
record PolledBatch(
    Map<TopicPartition, List<ReceivedEvent>> events,
    Map<TopicPartition, OffsetAndMetadata> next,
    Map<TopicPartition, UnidentifiedEventException> refused) {

  static PolledBatch read(ConsumerRecords<byte[], byte[]> records, Recognition recognition) {
    Map<TopicPartition, List<ReceivedEvent>> events = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>(records.nextOffsets());
    Map<TopicPartition, UnidentifiedEventException> refused = new HashMap<>();
    for (TopicPartition partition : records.partitions()) {
      List<ReceivedEvent> part = new ArrayList<>();
      events.put(partition, part);
      try {
        for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
          part.add(recognition.read(record));
        }
      } catch (UnidentifiedEventException e) {
        next.put(partition, new OffsetAndMetadata(e.offset()));
        refused.put(partition, e);
      }
    }
    return new PolledBatch(events, next, refused);
  }

  /** What holds no event is settled at once. */
  void addTo(PartitionQueues queues, OffsetCommits commits) {
    next.forEach(
        (partition, offset) -> {
          List<ReceivedEvent> part = events.getOrDefault(partition, List.of());
          queues
              .of(partition)
              .add(part, Optional.of(offset), Optional.ofNullable(refused.get(partition)));
          if (part.isEmpty()) {
            commits.add(partition, offset);
          }
        });
  }
}
