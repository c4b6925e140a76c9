package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.inbox.BatchOutcome.Applied;
import dev.outbox.idempotency.inbox.BatchOutcome.Broken;
import dev.outbox.idempotency.inbox.BatchOutcome.DeadLettered;
import dev.outbox.idempotency.inbox.BatchOutcome.Failed;
import dev.outbox.idempotency.inbox.BatchOutcome.MustFollow;
import dev.outbox.idempotency.inbox.BatchOutcome.NeedNotFollow;
import dev.outbox.idempotency.inbox.BatchOutcome.Unavailable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The way of a batch: polled, handed to a worker that claims and applies it in one transaction,
 * then its offsets committed. Everything here runs on the runner's thread, which polls all the
 * while, so that no handler and no wait can cost the membership; {@link #counts} and {@link #lag}
 * apart.
 *
 * <p>Why a rebalance is safe: Kafka takes partitions away inside {@code poll}, and there what is in
 * hand is waited for and its offsets are committed. What takes longer than that, and a member that
 * has lost its partitions without knowing, may still finish: the new owner's claim of the same
 * events waits for that transaction and then sees repeats, or it came first and the slow one sees
 * repeats. As a claim covers the batch from its first record on, the order of a partition holds
 * across both.
 */
final class InboxConsumer implements ConsumerRebalanceListener {

  /** How long a request to stop may go unseen; Kafka's wakeup could break a commit off. */
  private static final Duration POLL = Duration.ofMillis(100);

  /** How long a record may wait for a worker that is free while another is busy. */
  private static final Duration BESIDE_WORK = Duration.ofMillis(2);

  private final RunnerSettings settings;
  private final Consumer<byte[], byte[]> kafka;
  private final RunnerLifecycle lifecycle;
  private final Recognition recognition;
  private final Workers workers;
  private final PartitionQueues queues;
  private final FailureLog log;
  private final OffsetCommits commits;
  private @Nullable Throwable broken;
  private volatile InboxCounts counts = InboxCounts.NONE;
  private volatile long lag;

  InboxConsumer(
      RunnerSettings settings,
      Consumer<byte[], byte[]> kafka,
      RunnerLifecycle lifecycle,
      Recognition recognition,
      Workers workers) {
    this.settings = settings;
    this.kafka = kafka;
    this.lifecycle = lifecycle;
    this.recognition = recognition;
    this.workers = workers;
    this.queues = new PartitionQueues(settings.mostInBatch());
    this.log = new FailureLog(settings.consumer());
    this.commits = new OffsetCommits(kafka, log);
  }

  InboxCounts counts() {
    return counts;
  }

  /** Records of the assigned partitions that are not settled, by what Kafka told last. */
  long lag() {
    return lag;
  }

  /** Until stopped, or until it cannot go on: then it tells why. */
  Optional<Throwable> run() {
    kafka.subscribe(settings.topics(), this);
    while (lifecycle.mayGoOn() && !mustEnd()) {
      workers.take(patience()).ifPresent(this::settle);
      if (!lifecycle.pauseRequested()) {
        queues.take(workers.free()).forEach(workers::submit);
      }
      commits.send();
      fetchOnlyWhatIsWanted();
      poll(idleTime());
      tellState();
    }
    finishWhatIsInHand();
    commits.await();
    return Optional.ofNullable(broken).or(queues::refused);
  }

  private Duration idleTime() {
    if (workers.busy()) {
      return Duration.ZERO;
    }
    return lifecycle.pauseRequested() ? POLL : queues.untilDue(POLL);
  }

  private boolean mustEnd() {
    return broken != null || queues.refused().isPresent();
  }

  /** How long to wait for a worker before the next look at Kafka. */
  private Duration patience() {
    if (!workers.busy()) {
      return Duration.ZERO;
    }
    return workers.free() == 0 ? POLL.dividedBy(2) : BESIDE_WORK;
  }

  private void poll(Duration atMost) {
    ConsumerRecords<byte[], byte[]> records = kafka.poll(atMost);
    // A poll without records may still have moved past the marker of a Kafka transaction.
    if (!records.nextOffsets().isEmpty()) {
      PolledBatch.read(records, recognition).addTo(queues, commits);
    }
    lag = kafka.assignment().stream().mapToLong(this::lagOf).sum();
  }

  private long lagOf(TopicPartition partition) {
    return kafka.currentLag(partition).orElse(0) + queues.size(partition);
  }

  private void fetchOnlyWhatIsWanted() {
    Set<TopicPartition> unwanted = unwanted();
    Set<TopicPartition> paused = kafka.paused();
    List<TopicPartition> pause = new ArrayList<>();
    List<TopicPartition> resume = new ArrayList<>();
    for (TopicPartition partition : kafka.assignment()) {
      if (unwanted.contains(partition) && !paused.contains(partition)) {
        pause.add(partition);
      } else if (!unwanted.contains(partition) && paused.contains(partition)) {
        resume.add(partition);
      }
    }
    kafka.pause(pause);
    kafka.resume(resume);
  }

  private Set<TopicPartition> unwanted() {
    boolean enough = queues.size() > settings.mostInBatch() * (settings.concurrency() + 1);
    boolean everything = enough || lifecycle.pauseRequested() || !lifecycle.mayGoOn() || mustEnd();
    return everything ? new HashSet<>(kafka.assignment()) : queues.occupied();
  }

  private void tellState() {
    if (kafka.groupMetadata().generationId() < 0) {
      return;
    }
    if (lifecycle.pauseRequested()) {
      if (!workers.busy()) {
        lifecycle.paused();
      }
    } else if (!queues.inTrouble()) {
      lifecycle.running();
    }
  }

  private void finishWhatIsInHand() {
    while (workers.busy()) {
      workers.take(POLL.dividedBy(2)).ifPresent(this::settle);
      fetchOnlyWhatIsWanted();
      poll(Duration.ZERO);
    }
  }

  private void settle(BatchOutcome outcome) {
    Batch batch = outcome.batch();
    if (outcome instanceof Applied applied) {
      settled(batch);
      counts = counts.withBatch(batch.size(), applied.repeats());
    } else if (outcome instanceof DeadLettered) {
      settled(batch);
      counts = counts.withDeadLetter();
    } else if (outcome instanceof Failed failed) {
      counts = counts.withFailedAttempt();
      failed.event().ifPresentOrElse(event -> failed(failed, event), () -> separate(batch));
    } else if (outcome instanceof Unavailable unavailable) {
      counts = counts.withFailedAttempt();
      waitFor(unavailable);
    } else if (outcome instanceof MustFollow must) {
      putBack(batch);
      batch.queueOf(must.event()).giveUp(must.event(), GivenUp.follows());
    } else if (outcome instanceof NeedNotFollow) {
      batch.parts().forEach(part -> part.queue().takeUpAgain());
    } else if (outcome instanceof Broken failure) {
      putBack(batch);
      broken = failure.cause();
    }
  }

  private void settled(Batch batch) {
    for (Batch.Part part : batch.parts()) {
      part.queue().settle(part.events().size());
      if (queues.contains(part.queue())) {
        part.queue().settled().ifPresent(next -> commits.add(part.queue().partition(), next));
      }
    }
    tellState();
  }

  private void failed(Failed failed, ReceivedEvent event) {
    putBack(failed.batch());
    PartitionQueue queue = failed.batch().queueOf(event);
    int attempts = queue.failed(event);
    Throwable cause = failed.cause();
    boolean over = settings.attempts().areOver(attempts, cause);
    if (over && settings.onFailure().deadLetterTopic().isPresent()) {
      queue.giveUp(event, GivenUp.failed(cause, attempts));
      log.givenUp(event, attempts, cause);
      return;
    }
    Duration wait = settings.attempts().waitAfter(attempts);
    queue.tryAgainAfter(event, wait);
    lifecycle.retrying(attempts, wait, cause);
    log.rolledBack(event, attempts, wait, cause);
  }

  private static void separate(Batch batch) {
    batch.parts().forEach(part -> part.queue().putBackOneByOne());
  }

  private static void putBack(Batch batch) {
    batch.parts().forEach(part -> part.queue().putBack());
  }

  private void waitFor(Unavailable unavailable) {
    Batch batch = unavailable.batch();
    int attempt =
        batch.parts().stream().mapToInt(part -> part.queue().unavailable()).max().orElse(1);
    Duration wait = settings.attempts().waitAfter(attempt);
    batch.parts().forEach(part -> part.queue().tryNotBefore(wait));
    lifecycle.retrying(attempt, wait, unavailable.cause());
    log.rolledBack(batch.events().get(0), attempt, wait, unavailable.cause());
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    if (settings.deduplication() instanceof Deduplication.ByPosition) {
      partitions.stream()
          .map(TopicPartition::topic)
          .distinct()
          .forEach(topic -> recognition.partitions(topic, partitions(topic, partitions)));
    }
  }

  /** What Kafka told last may be older than the assignment. */
  private int partitions(String topic, Collection<TopicPartition> assigned) {
    int highest =
        assigned.stream()
            .filter(partition -> partition.topic().equals(topic))
            .mapToInt(TopicPartition::partition)
            .max()
            .orElse(-1);
    return Math.max(kafka.partitionsFor(topic).size(), highest + 1);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    long start = System.nanoTime();
    Duration limit = settings.pollInterval().dividedBy(2);
    while (queues.inHand(partitions) > 0 && System.nanoTime() - start < limit.toNanos()) {
      workers.take(POLL).ifPresent(this::settle);
    }
    if (queues.inHand(partitions) > 0) {
      log.revokedInHand(queues.inHand(partitions), limit);
    }
    commits.await();
    onPartitionsLost(partitions);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    commits.forget(partitions);
    queues.forget(partitions);
  }
}
