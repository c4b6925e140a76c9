package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a batch: polled, claimed and applied in one transaction, then its offsets committed.
 * Everything here runs on the runner's thread, {@link #counts} apart.
 *
 * <p>Why a rebalance is safe: Kafka revokes partitions only inside {@code poll}, and between two
 * polls a batch is either committed to the database as a whole or rolled back as a whole. So no
 * work is pending when a partition goes. A member that was too slow and has lost its partitions
 * without knowing may still finish its batch: the new owner's claim of the same keys waits for that
 * transaction and then sees repeats, or it came first and the slow one sees repeats. As a claim
 * covers the batch from its first record on, the order of a partition holds across both.
 */
final class InboxConsumer implements ConsumerRebalanceListener {

  private static final Logger log = LoggerFactory.getLogger(InboxConsumer.class);

  /** How long a request to stop may go unseen; Kafka's wakeup could break a commit off. */
  private static final Duration POLL = Duration.ofMillis(100);

  /** Without Kafka a commit is not worth holding up a stop for: a repeat does no harm. */
  private static final Duration COMMIT = Duration.ofSeconds(10);

  private final InboxRunner.Settings settings;
  private final Consumer<byte[], byte[]> kafka;
  private final RunnerLifecycle lifecycle;
  private final Recognition recognition;

  /** Applied, but not committed to Kafka because that failed; tried again with the next batch. */
  private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();

  private int failures;
  private boolean waiting;
  private @Nullable ReceivedEvent inHand;
  private volatile InboxCounts counts = InboxCounts.NONE;

  InboxConsumer(
      InboxRunner.Settings settings,
      Consumer<byte[], byte[]> kafka,
      RunnerLifecycle lifecycle,
      Recognition recognition) {
    this.settings = settings;
    this.kafka = kafka;
    this.lifecycle = lifecycle;
    this.recognition = recognition;
  }

  InboxCounts counts() {
    return counts;
  }

  void run() {
    kafka.subscribe(settings.topics(), this);
    while (lifecycle.mayGoOn()) {
      ConsumerRecords<byte[], byte[]> records = kafka.poll(POLL);
      if (failures == 0 && kafka.groupMetadata().generationId() >= 0) {
        lifecycle.running();
      }
      // A poll without records may still have moved past the marker of a Kafka transaction.
      if (!records.nextOffsets().isEmpty()) {
        process(PolledBatch.read(records, recognition));
      }
    }
  }

  private void process(PolledBatch batch) {
    try {
      apply(batch);
    } catch (PositionRefusedException refused) {
      throw refused;
    } catch (Exception failure) {
      tryAgainLater(batch, failure);
      return;
    }
    failures = 0;
    lifecycle.running();
    uncommitted.putAll(batch.next());
    commitOffsets();
    batch
        .refused()
        .ifPresent(
            refused -> {
              throw refused;
            });
  }

  private void apply(PolledBatch batch) throws Exception {
    if (batch.events().isEmpty()) {
      return;
    }
    List<Claimed> outcome = new ArrayList<>(1);
    settings.transactions().inTransaction(connection -> outcome.add(applyNew(connection, batch)));
    counts = counts.withBatch(outcome.get(0));
  }

  private Claimed applyNew(Connection connection, PolledBatch batch) throws Exception {
    inHand = null;
    Claimed claimed =
        recognition.process(
            connection,
            batch.events(),
            index -> {
              inHand = batch.events().get(index);
              settings.handler().handle(connection, inHand);
            });
    inHand = null;
    return claimed;
  }

  private void commitOffsets() {
    try {
      kafka.commitSync(uncommitted, COMMIT);
      uncommitted.clear();
    } catch (CommitFailedException | RebalanceInProgressException e) {
      // The partitions have, or may have, another owner. It meets the markers.
      uncommitted.clear();
      log.atInfo()
          .addKeyValue("consumer", settings.consumer())
          .addKeyValue("reason", e.getClass().getSimpleName())
          .log("Offsets not committed, the group rebalances; the inbox recognises the repeats");
    } catch (RetriableException e) {
      log.atWarn()
          .addKeyValue("consumer", settings.consumer())
          .addKeyValue("reason", e.getMessage())
          .log("Offsets not committed, trying again with the next batch; effects are committed");
    }
  }

  private void tryAgainLater(PolledBatch batch, Exception failure) {
    counts = counts.withFailedAttempt();
    failures++;
    Duration wait = settings.retryWait().after(failures);
    lifecycle.retrying(failures, wait, failure);
    logFailure(batch, wait, failure);
    Collection<TopicPartition> assigned = kafka.assignment();
    batch
        .first()
        .forEach(
            (partition, offset) -> {
              if (assigned.contains(partition)) {
                kafka.seek(partition, offset);
              }
            });
    stayInGroup(wait);
  }

  /** Polling with everything paused keeps the membership, however long the database is away. */
  private void stayInGroup(Duration wait) {
    waiting = true;
    kafka.pause(kafka.assignment());
    long end = System.nanoTime() + wait.toNanos();
    long left = wait.toNanos();
    while (left > 0 && lifecycle.mayGoOn()) {
      kafka.poll(Duration.ofNanos(Math.min(left, POLL.toNanos())));
      left = end - System.nanoTime();
    }
    waiting = false;
    kafka.resume(kafka.assignment());
  }

  /** No message of the exception: a database quotes the row in it, and with that the payload. */
  private void logFailure(PolledBatch batch, Duration wait, Exception failure) {
    ReceivedEvent event = Optional.ofNullable(inHand).orElse(batch.events().get(0));
    log.atWarn()
        .addKeyValue("consumer", settings.consumer())
        .addKeyValue("topic", event.topic())
        .addKeyValue("partition", event.partition())
        .addKeyValue("offset", event.offset())
        .addKeyValue("eventId", event.id())
        .addKeyValue("attempt", failures)
        .addKeyValue("wait", wait)
        .addKeyValue("error", failure.getClass().getName())
        .addKeyValue("sqlState", sqlState(failure))
        .log(
            "Batch rolled back, trying again after the wait; set this logger to DEBUG for details");
    log.atDebug().setCause(failure).log("Why the batch was rolled back");
  }

  private static String sqlState(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException e && e.getSQLState() != null) {
        return e.getSQLState();
      }
    }
    return "none";
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    partitions.stream()
        .map(TopicPartition::topic)
        .distinct()
        .forEach(topic -> recognition.partitions(topic, kafka.partitionsFor(topic).size()));
    if (waiting) {
      // Else a poll that only keeps the membership would fetch, and drop, records of these.
      kafka.pause(partitions);
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    uncommitted.keySet().removeAll(partitions);
  }
}
