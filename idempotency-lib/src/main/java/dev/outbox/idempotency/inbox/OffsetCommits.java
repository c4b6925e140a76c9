package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/**
 * Offsets of what is committed in the database and not yet in Kafka. Told beside the work, so that
 * no worker waits for it; before partitions go and at the end it is waited for. For the polling
 * thread.
 */
final class OffsetCommits {

  /** Without Kafka a commit is not worth holding up a stop for: a repeat does no harm. */
  private static final Duration AT_MOST = Duration.ofSeconds(10);

  /** Polling sends a commit dozens of times a second, and without Kafka each of them would fail. */
  private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> kafka;
  private final FailureLog log;
  private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();
  private boolean underWay;
  private long notBeforeNanos = System.nanoTime();
  private @Nullable RuntimeException refused;

  OffsetCommits(Consumer<byte[], byte[]> kafka, FailureLog log) {
    this.kafka = kafka;
    this.log = log;
  }

  void add(TopicPartition partition, OffsetAndMetadata next) {
    uncommitted.put(partition, next);
  }

  /** Somebody else has these now. */
  void forget(Collection<TopicPartition> partitions) {
    uncommitted.keySet().removeAll(partitions);
  }

  /**
   * Sends what is there, unless something is on its way already; polling completes it.
   *
   * @throws RuntimeException when Kafka refused an earlier one for good
   */
  void send() {
    RuntimeException why = refused;
    if (why != null) {
      throw why;
    }
    if (underWay || uncommitted.isEmpty() || System.nanoTime() - notBeforeNanos < 0) {
      return;
    }
    underWay = true;
    kafka.commitAsync(
        Map.copyOf(uncommitted),
        (offsets, failure) -> {
          underWay = false;
          completed(offsets, failure);
        });
  }

  private void completed(
      Map<TopicPartition, OffsetAndMetadata> offsets, @Nullable Exception failure) {
    if (failure == null) {
      offsets.forEach(uncommitted::remove);
    } else if (isRebalance(failure)) {
      offsets.forEach(uncommitted::remove);
      log.offsetsNotCommitted(failure.getClass().getSimpleName(), true);
    } else if (failure instanceof RetriableException) {
      notBeforeNanos = System.nanoTime() + AFTER_A_FAILURE.toNanos();
      log.offsetsNotCommitted(String.valueOf(failure.getMessage()), false);
    } else {
      refused = failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
    }
  }

  /** Tells Kafka and waits for it. */
  void await() {
    if (uncommitted.isEmpty()) {
      return;
    }
    try {
      kafka.commitSync(Map.copyOf(uncommitted), AT_MOST);
      uncommitted.clear();
    } catch (CommitFailedException | RebalanceInProgressException e) {
      // The partitions have, or may have, another owner. It meets the markers.
      uncommitted.clear();
      log.offsetsNotCommitted(e.getClass().getSimpleName(), true);
    } catch (RetriableException e) {
      log.offsetsNotCommitted(String.valueOf(e.getMessage()), false);
    }
  }

  private static boolean isRebalance(Exception failure) {
    return failure instanceof CommitFailedException
        || failure instanceof RebalanceInProgressException;
  }
}
