package dev.outbox.idempotency.inbox.spring.kafka;

import dev.outbox.idempotency.inbox.BatchEffect;
import dev.outbox.idempotency.inbox.Claimed;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.EventKeys;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.PositionInbox;
import dev.outbox.idempotency.inbox.RecordPosition;
import dev.outbox.idempotency.inbox.UnidentifiedEventException;
import dev.outbox.idempotency.internal.MachineError;
import dev.outbox.idempotency.internal.Unavailability;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The inbox of one consumer behind a {@code @KafkaListener}. It owns the transaction: begun here,
 * committed when the call returns, so that the listener's container commits the offsets after the
 * database. A failure in between leads to a redelivery, which is a repeat.
 *
 * <p>So the listener has no {@code @Transactional}; a transaction of the same data source around
 * the call is refused, because what it holds would commit later than the marker, or never. Any
 * number of threads may use one instance.
 */
public final class KafkaInbox {

  /** How events are recognised and claimed. */
  @FunctionalInterface
  private interface Recognition {
    Claimed process(
        Connection connection,
        List<? extends ConsumerRecord<?, ?>> records,
        BatchEffect<Exception> effect)
        throws Exception;
  }

  /** Only for its error: it names the record and what to do about it. */
  private static final EventKeys POSITION =
      record -> {
        RecordPosition position = RecordPosition.of(record);
        return new EventKey(position.source(), position.position());
      };

  private final InboxTransactions transactions;
  private final DataSource dataSource;
  private final Recognition recognition;

  private KafkaInbox(
      InboxTransactions transactions, DataSource dataSource, Recognition recognition) {
    this.transactions = transactions;
    this.dataSource = dataSource;
    this.recognition = recognition;
  }

  static KafkaInbox of(
      InboxTransactions transactions, DataSource dataSource, Inbox inbox, EventKeys keys) {
    return new KafkaInbox(
        transactions,
        dataSource,
        (connection, records, effect) -> {
          List<EventKey> batch = new ArrayList<>(records.size());
          records.forEach(record -> batch.add(keys.identify(record)));
          return inbox.processBatch(connection, batch, effect);
        });
  }

  static KafkaInbox of(InboxTransactions transactions, DataSource dataSource, PositionInbox inbox) {
    return new KafkaInbox(
        transactions,
        dataSource,
        (connection, records, effect) -> {
          List<RecordPosition> batch = new ArrayList<>(records.size());
          records.forEach(
              record -> {
                var unused = POSITION.identify(record);
                batch.add(RecordPosition.of(record));
              });
          return inbox.processBatch(connection, batch, effect);
        });
  }

  /**
   * Apply the effect of a record unless its event was seen before, and commit.
   *
   * @return true when the effect was applied, false for a repeat
   * @throws UnidentifiedEventException when the record does not say which event it is
   * @throws IllegalStateException inside a transaction of the same data source
   * @throws Exception what the effect or the database threw; nothing is left then
   */
  public <K, V> boolean apply(ConsumerRecord<K, V> record, RecordEffect<K, V> effect)
      throws Exception {
    requireNoTransaction();
    try {
      return inTransaction(List.of(record), effect, new InHand()).isNew(0);
    } catch (Error failure) {
      if (MachineError.is(failure)) {
        throw failure;
      }
      // The container would end at an error, and so would each that takes the record over.
      throw new IllegalStateException("The effect of a record failed with an error", failure);
    }
  }

  /**
   * Apply a batch in one transaction with one marker statement, and commit.
   *
   * <p>When the effect of a record fails, everything is rolled back, the records before it are
   * applied and committed without it, and a {@link BatchListenerFailedException} names it: so the
   * container's error handler commits the offsets of what is applied, and only of that, and tries
   * that record and those behind it again, or hands it to its recoverer. Should another one fail
   * meanwhile, that is the one named. When the commit is refused, records are applied one by one.
   *
   * <p>A database that is away or busy is no record's fault: the exception names none, and the
   * whole batch comes again.
   *
   * @param records in the order of the container, none left out
   * @throws BatchListenerFailedException when the effect of a record fails
   * @throws IllegalStateException inside a transaction of the same data source
   * @throws Exception when the database fails; what is not applied by then comes again
   */
  public <K, V> Claimed applyBatch(List<ConsumerRecord<K, V>> records, RecordEffect<K, V> effect)
      throws Exception {
    requireNoTransaction();
    InHand inHand = new InHand();
    try {
      return inTransaction(records, effect, inHand);
    } catch (Throwable failure) {
      throw settle(records, effect, inHand, failure);
    }
  }

  /**
   * Applies what stands before the record that failed; where one of those fails now, what stands
   * before that.
   *
   * @return what the container is to know; names the record that failed last, unless nobody is to
   *     blame
   */
  private <K, V> Exception settle(
      List<ConsumerRecord<K, V>> records,
      RecordEffect<K, V> effect,
      InHand inHandAtFirst,
      Throwable firstFailure) {
    List<ConsumerRecord<K, V>> rest = records;
    InHand inHand = inHandAtFirst;
    Throwable failure = firstFailure;
    while (true) {
      OptionalInt culprit = culprit(rest, inHand, failure);
      if (culprit.isEmpty()) {
        return inHand.committing && !isNobodys(failure)
            ? oneByOne(rest, effect, failure)
            : passedOn(failure);
      }
      Exception named = named(rest.get(culprit.getAsInt()), failure);
      rest = rest.subList(0, culprit.getAsInt());
      if (rest.isEmpty()) {
        return named;
      }
      inHand = new InHand();
      try {
        var unused = inTransaction(rest, effect, inHand);
        return named;
      } catch (Throwable next) {
        failure = next;
      }
    }
  }

  /** The commit failed, and any of them may be why. */
  private <K, V> Exception oneByOne(
      List<ConsumerRecord<K, V>> records, RecordEffect<K, V> effect, Throwable together) {
    for (ConsumerRecord<K, V> record : records) {
      InHand inHand = new InHand();
      try {
        var unused = inTransaction(List.of(record), effect, inHand);
      } catch (Throwable failure) {
        return culprit(List.of(record), inHand, failure).isPresent()
            ? named(record, failure)
            : passedOn(failure);
      }
    }
    // All are applied, and come again as repeats.
    return passedOn(together);
  }

  private static Exception named(ConsumerRecord<?, ?> record, Throwable failure) {
    return new BatchListenerFailedException(
        "The effect of a record failed; those before it are applied", failure, record);
  }

  private static Exception passedOn(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (Exception) failure;
  }

  private <K, V> Claimed inTransaction(
      List<ConsumerRecord<K, V>> records, RecordEffect<K, V> effect, InHand inHand)
      throws Exception {
    List<Claimed> claimed = new ArrayList<>(1);
    transactions.inTransaction(
        connection -> {
          claimed.add(
              recognition.process(
                  connection,
                  records,
                  index -> {
                    inHand.record = OptionalInt.of(index);
                    effect.apply(records.get(index));
                  }));
          // What fails from here on is the commit.
          inHand.committing = inHand.record.isPresent();
          inHand.record = OptionalInt.empty();
        });
    return claimed.get(0);
  }

  /** How far a transaction has come. */
  private static final class InHand {
    private OptionalInt record = OptionalInt.empty();
    private boolean committing;
  }

  /**
   * Which record failed: the one that does not say which event it is, or the one in hand, or the
   * only one there is.
   */
  private static OptionalInt culprit(
      List<? extends ConsumerRecord<?, ?>> records, InHand inHand, Throwable failure) {
    if (failure instanceof UnidentifiedEventException unidentified) {
      for (int i = 0; i < records.size(); i++) {
        if (unidentified.isOf(records.get(i))) {
          return OptionalInt.of(i);
        }
      }
    }
    if (isNobodys(failure)) {
      return OptionalInt.empty();
    }
    return inHand.committing && records.size() == 1 ? OptionalInt.of(0) : inHand.record;
  }

  /** The database was away or busy, or the machine fails: no record is to blame. */
  private static boolean isNobodys(Throwable failure) {
    return Unavailability.isCauseOf(failure) || MachineError.is(failure);
  }

  private void requireNoTransaction() {
    if (TransactionSynchronizationManager.hasResource(dataSource)) {
      throw new IllegalStateException(
          "The inbox was called inside a transaction of its data source, whose changes would not"
              + " commit together with the marker. Take @Transactional off the listener: the inbox"
              + " begins and commits the transaction itself. Nothing was written.");
    }
  }
}
