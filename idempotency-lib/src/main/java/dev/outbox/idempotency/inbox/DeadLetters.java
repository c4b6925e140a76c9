package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.inbox.DeadLetterRows.HeldKey;
import dev.outbox.idempotency.inbox.DeadLetterRows.Place;
import dev.outbox.idempotency.inbox.DeadLetterRows.Row;
import dev.outbox.idempotency.internal.MachineError;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dead letters of a consumer: look at them, apply them later, or discard them. Made by {@link
 * InboxRunnerBuilder#deadLetters} from what the runner is made from; works beside running runners
 * and from several threads, since each dead letter is applied by who deletes its row.
 */
public final class DeadLetters {

  private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);

  private static final Duration POLL = Duration.ofMillis(500);

  /** How long the dead-letter topic may take to hand out a record that it has. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final RunnerSettings settings;
  private final DeadLetterRows rows;

  DeadLetters(RunnerSettings settings) {
    this.settings = settings;
    this.rows = new DeadLetterRows(settings.consumer(), settings.table());
  }

  /**
   * What {@link #apply} did.
   *
   * @param applied dead letters whose effect is committed now
   * @param failed those that failed again
   * @param waiting those that stand behind one that failed, by the policy {@code follow}
   * @param missing those whose record the dead-letter topic does not have any more
   */
  public record Result(int applied, int failed, int waiting, int missing) {}

  /** All of this consumer, in the order of each partition they came from. */
  public List<DeadLetter> list() throws Exception {
    return readRows().stream().map(Row::letter).toList();
  }

  /**
   * Applies all, each in a transaction of its own, in the order of each partition they came from.
   * One that fails stays, and under the policy {@code follow} those behind it of its key stay too.
   * Once a key has none left its later events flow again. What a running runner puts aside
   * meanwhile is left to the next call.
   *
   * @throws Exception when the database or Kafka cannot be asked
   */
  public Result apply() throws Exception {
    List<Row> todo = readRows();
    try (Consumer<byte[], byte[]> kafka = new KafkaConsumer<>(settings.kafka())) {
      Map<Place, ConsumerRecord<byte[], byte[]>> records = new DeadLetterReader(kafka).read(todo);
      return apply(todo, records);
    }
  }

  private Result apply(List<Row> todo, Map<Place, ConsumerRecord<byte[], byte[]>> records) {
    Set<HeldKey> stopped = new HashSet<>();
    Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
    for (Row row : todo) {
      Outcome outcome = apply(row, Optional.ofNullable(records.get(row.place())), stopped);
      if (outcome == Outcome.FAILED || outcome == Outcome.MISSING) {
        row.key().ifPresent(stopped::add);
      }
      counts.merge(outcome, 1, Integer::sum);
    }
    return new Result(
        counts.getOrDefault(Outcome.APPLIED, 0),
        counts.getOrDefault(Outcome.FAILED, 0),
        counts.getOrDefault(Outcome.WAITING, 0),
        counts.getOrDefault(Outcome.MISSING, 0));
  }

  /** What became of a dead letter; one that somebody else has applied meanwhile is gone. */
  private enum Outcome {
    APPLIED,
    GONE,
    FAILED,
    WAITING,
    MISSING
  }

  private Outcome apply(
      Row row, Optional<ConsumerRecord<byte[], byte[]>> record, Set<HeldKey> stopped) {
    boolean follows = settings.onFailure() instanceof FailurePolicy.Follow;
    if (follows && row.key().filter(stopped::contains).isPresent()) {
      return Outcome.WAITING;
    }
    return record.map(found -> apply(row.letter(), found)).orElse(Outcome.MISSING);
  }

  private Outcome apply(DeadLetter letter, ConsumerRecord<byte[], byte[]> record) {
    ReceivedEvent event = ReceivedEvent.original(letter, record);
    List<Outcome> outcome = new ArrayList<>(1);
    try {
      settings
          .transactions()
          .inTransaction(connection -> outcome.add(apply(connection, letter, event)));
      return outcome.get(0);
    } catch (Throwable failure) {
      if (failure instanceof Error error && MachineError.is(error)) {
        throw error;
      }
      // It stays where it is; the caller is told how many did.
      log.atWarn()
          .addKeyValue("consumer", settings.consumer())
          .addKeyValue("topic", letter.topic())
          .addKeyValue("partition", letter.partition())
          .addKeyValue("offset", letter.offset())
          .addKeyValue("eventId", letter.eventId())
          .addKeyValue("error", failure.getClass().getName())
          .addKeyValue("sqlState", FailureLog.sqlState(failure).orElse("none"))
          .log("Dead letter failed again and stays; remove the cause and apply once more");
      log.atDebug().setCause(failure).log("Why the dead letter failed");
      return Outcome.FAILED;
    }
  }

  private Outcome apply(Connection connection, DeadLetter letter, ReceivedEvent event)
      throws Exception {
    if (!rows.delete(connection, letter)) {
      return Outcome.GONE;
    }
    var unused =
        ClaimedWork.apply(
            connection,
            () -> Claimed.one(event.eventKey()),
            index -> settings.handler().handle(connection, event));
    return Outcome.APPLIED;
  }

  /**
   * Gives a dead letter up for good: its effect will never be applied, and it holds its key back no
   * longer.
   *
   * @return false when it was applied or discarded before
   */
  public boolean discard(DeadLetter letter) throws Exception {
    List<Boolean> deleted = new ArrayList<>(1);
    settings
        .transactions()
        .inTransaction(connection -> deleted.add(rows.delete(connection, letter)));
    return deleted.get(0);
  }

  private List<Row> readRows() throws Exception {
    List<Row> result = new ArrayList<>();
    settings.transactions().inTransaction(connection -> result.addAll(checked(connection)));
    return result;
  }

  private List<Row> checked(Connection connection) throws SQLException {
    ClaimedWork.requireTransaction(connection, settings.consumer());
    InboxSchema.checkDeadLetters(connection, settings.table());
    return rows.list(connection);
  }

  /** Fetches exactly the records that the rows name. */
  private record DeadLetterReader(Consumer<byte[], byte[]> kafka) {

    Map<Place, ConsumerRecord<byte[], byte[]>> read(List<Row> todo) {
      Map<TopicPartition, List<Place>> places =
          todo.stream()
              .map(Row::place)
              .collect(Collectors.groupingBy(p -> new TopicPartition(p.topic(), p.partition())));
      Map<Place, ConsumerRecord<byte[], byte[]>> found = new HashMap<>();
      kafka.assign(places.keySet());
      Map<TopicPartition, Long> beginnings = kafka.beginningOffsets(places.keySet());
      places.forEach(
          (partition, wanted) ->
              read(partition, wanted, beginnings.getOrDefault(partition, 0L), found));
      return found;
    }

    private void read(
        TopicPartition partition,
        List<Place> wanted,
        long beginning,
        Map<Place, ConsumerRecord<byte[], byte[]>> found) {
      kafka.pause(kafka.assignment());
      kafka.resume(List.of(partition));
      for (Place place : wanted) {
        if (place.offset() >= beginning) {
          kafka.seek(partition, place.offset());
          fetch(partition, place).ifPresent(record -> found.put(place, record));
        }
      }
    }

    private Optional<ConsumerRecord<byte[], byte[]>> fetch(TopicPartition partition, Place place) {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (System.nanoTime() < end) {
        List<ConsumerRecord<byte[], byte[]>> records = kafka.poll(POLL).records(partition);
        if (!records.isEmpty()) {
          return Optional.of(records.get(0)).filter(first -> first.offset() == place.offset());
        }
      }
      return Optional.empty();
    }
  }
}
