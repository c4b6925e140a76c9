package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The queues of the assigned partitions, and what of them may be worked on. Polling thread. */
final class PartitionQueues {

  private final Map<TopicPartition, PartitionQueue> queues = new LinkedHashMap<>();
  private final int mostInBatch;

  PartitionQueues(int mostInBatch) {
    this.mostInBatch = mostInBatch;
  }

  PartitionQueue of(TopicPartition partition) {
    return queues.computeIfAbsent(partition, PartitionQueue::new);
  }

  /** Whether the queue still is the partition's, and not one of before a rebalance. */
  boolean contains(PartitionQueue queue) {
    return queue.equals(queues.get(queue.partition()));
  }

  void forget(Collection<TopicPartition> partitions) {
    queues.keySet().removeAll(partitions);
  }

  int size() {
    return queues.values().stream().mapToInt(PartitionQueue::size).sum();
  }

  long size(TopicPartition partition) {
    @Nullable PartitionQueue queue = queues.get(partition);
    return queue == null ? 0 : queue.size();
  }

  boolean inTrouble() {
    return queues.values().stream().anyMatch(PartitionQueue::isInTrouble);
  }

  int inHand(Collection<TopicPartition> partitions) {
    return (int)
        queues.values().stream()
            .filter(queue -> partitions.contains(queue.partition()) && queue.isInHand())
            .count();
  }

  /** What is not to be fetched from: there is something left, or something that stops us. */
  Set<TopicPartition> occupied() {
    return queues.values().stream()
        .filter(queue -> queue.size() > 0 || queue.isInHand() || queue.refused().isPresent())
        .map(PartitionQueue::partition)
        .collect(Collectors.toSet());
  }

  Optional<UnidentifiedEventException> refused() {
    return queues.values().stream().flatMap(queue -> queue.refused().stream()).findFirst();
  }

  /**
   * Work for so many workers: what must stand alone first, the rest in as few transactions as there
   * are workers left.
   */
  List<Batch> take(int workers) {
    long now = System.nanoTime();
    List<Batch> batches = new ArrayList<>();
    List<PartitionQueue> together = new ArrayList<>();
    for (PartitionQueue queue : queues.values()) {
      if (!queue.isReady(now)) {
        continue;
      }
      if (!queue.nextIsAlone()) {
        together.add(queue);
      } else if (batches.size() < workers) {
        batches.add(new Batch(List.of(queue.take(mostInBatch))));
      }
    }
    batches.addAll(share(together, workers - batches.size()));
    // Behind the others, or one that always has something would be taken before them each time.
    batches.stream()
        .flatMap(batch -> batch.parts().stream())
        .map(Batch.Part::queue)
        .forEach(this::moveBack);
    return batches;
  }

  private void moveBack(PartitionQueue queue) {
    queues.remove(queue.partition());
    queues.put(queue.partition(), queue);
  }

  private List<Batch> share(List<PartitionQueue> ready, int workers) {
    int groups = Math.min(ready.size(), workers);
    List<List<Batch.Part>> shares = new ArrayList<>();
    int[] sizes = new int[groups];
    for (int i = 0; i < groups; i++) {
      shares.add(new ArrayList<>());
    }
    for (int i = 0; groups > 0 && i < ready.size(); i++) {
      int group = i % groups;
      if (sizes[group] < mostInBatch) {
        Batch.Part part = ready.get(i).take(mostInBatch - sizes[group]);
        shares.get(group).add(part);
        sizes[group] += part.events().size();
      }
    }
    return shares.stream().map(Batch::new).toList();
  }

  /** How long nothing becomes ready by itself; at most this. */
  Duration untilDue(Duration atMost) {
    long now = System.nanoTime();
    long nanos =
        queues.values().stream()
            .filter(queue -> queue.size() > 0 && !queue.isInHand())
            .mapToLong(queue -> queue.nanosUntilDue(now))
            .min()
            .orElse(atMost.toNanos());
    return Duration.ofNanos(Math.max(0, Math.min(nanos, atMost.toNanos())));
  }
}
