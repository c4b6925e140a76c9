package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What was polled from a partition and is not settled yet, in order. At most one worker has a part
 * of it in hand, so the order of the partition holds. For the polling thread.
 */
final class PartitionQueue {

  private final TopicPartition partition;
  private final Deque<ReceivedEvent> pending = new ArrayDeque<>();
  private Optional<OffsetAndMetadata> end = Optional.empty();
  private Optional<UnidentifiedEventException> refused = Optional.empty();
  private boolean inHand;
  private int unavailable;
  private long dueNanos = System.nanoTime();
  private @Nullable Trouble trouble;
  private boolean oneByOne;

  /** An event that failed, or that follows one that did. */
  private static final class Trouble {
    final ReceivedEvent event;
    int attempts;
    long dueNanos = System.nanoTime();
    Optional<GivenUp> givenUp = Optional.empty();

    Trouble(ReceivedEvent event) {
      this.event = event;
    }
  }

  PartitionQueue(TopicPartition partition) {
    this.partition = partition;
  }

  TopicPartition partition() {
    return partition;
  }

  void add(
      Collection<ReceivedEvent> events,
      Optional<OffsetAndMetadata> next,
      Optional<UnidentifiedEventException> refusedBehind) {
    pending.addAll(events);
    end = next;
    refused = refusedBehind;
  }

  int size() {
    return pending.size();
  }

  boolean isInHand() {
    return inHand;
  }

  boolean isInTrouble() {
    return trouble != null || unavailable > 0;
  }

  /** What stands in front now that everything before it is settled, if it cannot be read. */
  Optional<UnidentifiedEventException> refused() {
    return pending.isEmpty() ? refused : Optional.empty();
  }

  /** What Kafka may be told; the head of the queue while there is one. */
  Optional<OffsetAndMetadata> settled() {
    ReceivedEvent head = pending.peekFirst();
    return head == null ? end : Optional.of(new OffsetAndMetadata(head.offset()));
  }

  boolean isReady(long nowNanos) {
    return !inHand && !pending.isEmpty() && nanosUntilDue(nowNanos) <= 0;
  }

  long nanosUntilDue(long nowNanos) {
    Trouble head = troubleAtHead();
    return Math.max(dueNanos - nowNanos, head == null ? 0 : head.dueNanos - nowNanos);
  }

  /** Whether what comes next must have a transaction of its own. */
  boolean nextIsAlone() {
    return troubleAtHead() != null || oneByOne;
  }

  /** The next part; the queue is in hand until {@link #settle} or one of the failures. */
  Batch.Part take(int most) {
    inHand = true;
    Trouble head = troubleAtHead();
    if (head != null) {
      return new Batch.Part(this, List.of(head.event), head.givenUp);
    }
    List<ReceivedEvent> events = new ArrayList<>();
    for (ReceivedEvent event : pending) {
      if (events.size() >= (oneByOne ? 1 : most)
          || (trouble != null && trouble.event.equals(event))) {
        break;
      }
      events.add(event);
    }
    return new Batch.Part(this, List.copyOf(events), Optional.empty());
  }

  /** These are dealt with. */
  void settle(int events) {
    inHand = false;
    unavailable = 0;
    for (int i = 0; i < events; i++) {
      ReceivedEvent settled = pending.removeFirst();
      if (trouble != null && trouble.event.equals(settled)) {
        trouble = null;
      }
    }
    oneByOne = oneByOne && !pending.isEmpty();
  }

  /** The part was rolled back because of another part's failure. */
  void putBack() {
    inHand = false;
  }

  /** The part failed and nobody knows by which of its events: one transaction for each now. */
  void putBackOneByOne() {
    inHand = false;
    oneByOne = true;
  }

  /** Nobody's fault; tells how often in a row. */
  int unavailable() {
    inHand = false;
    return ++unavailable;
  }

  void tryNotBefore(Duration wait) {
    dueNanos = System.nanoTime() + wait.toNanos();
  }

  /** The event failed; tells how often. */
  int failed(ReceivedEvent event) {
    inHand = false;
    return ++troubleOf(event).attempts;
  }

  void tryAgainAfter(ReceivedEvent event, Duration wait) {
    troubleOf(event).dueNanos = System.nanoTime() + wait.toNanos();
  }

  /** It goes to the dead-letter topic when its turn comes. */
  void giveUp(ReceivedEvent event, GivenUp why) {
    inHand = false;
    troubleOf(event).givenUp = Optional.of(why);
  }

  /** It need not follow any more. */
  void takeUpAgain() {
    inHand = false;
    trouble = null;
  }

  private Trouble troubleOf(ReceivedEvent event) {
    Trouble known = trouble;
    if (known == null || !known.event.equals(event)) {
      known = new Trouble(event);
      trouble = known;
    }
    return known;
  }

  private @Nullable Trouble troubleAtHead() {
    Trouble known = trouble;
    return known != null && known.event.equals(pending.peekFirst()) ? known : null;
  }
}
