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
    return inTransaction(List.of(record), effect, new int[1]).isNew(0);
  }

  /**
   * Apply a batch in one transaction with one marker statement, and commit.
   *
   * <p>When the effect of a record fails, everything is rolled back, the records before it are
   * applied and committed without it, and a {@link BatchListenerFailedException} names it: so the
   * container's error handler commits the offsets of what is applied, and only of that, and tries
   * that record and those behind it again, or hands it to its recoverer.
   *
   * @param records in the order of the container, none left out
   * @throws BatchListenerFailedException when the effect of a record fails
   * @throws IllegalStateException inside a transaction of the same data source
   * @throws Exception when the database fails; nothing is left then
   */
  public <K, V> Claimed applyBatch(List<ConsumerRecord<K, V>> records, RecordEffect<K, V> effect)
      throws Exception {
    requireNoTransaction();
    int[] begun = new int[1];
    try {
      return inTransaction(records, effect, begun);
    } catch (Exception failure) {
      OptionalInt culprit = culprit(records, begun[0], failure);
      if (culprit.isEmpty()) {
        throw failure;
      }
      if (culprit.getAsInt() > 0) {
        var unused = inTransaction(records.subList(0, culprit.getAsInt()), effect, new int[1]);
      }
      throw new BatchListenerFailedException(
          "The effect of a record failed; those before it are applied",
          failure,
          records.get(culprit.getAsInt()));
    }
  }

  private <K, V> Claimed inTransaction(
      List<ConsumerRecord<K, V>> records, RecordEffect<K, V> effect, int[] begun) throws Exception {
    List<Claimed> claimed = new ArrayList<>(1);
    transactions.inTransaction(
        connection -> {
          claimed.add(
              recognition.process(
                  connection,
                  records,
                  index -> {
                    begun[0] = index + 1;
                    effect.apply(records.get(index));
                  }));
          // What fails from here on is the commit, and that is no record's fault.
          begun[0] = 0;
        });
    return claimed.get(0);
  }

  /**
   * Which record failed: the one that does not say which event it is, or the one in hand. A failure
   * of the commit or of the connection is nobody's, and the whole batch comes again.
   */
  private static OptionalInt culprit(
      List<? extends ConsumerRecord<?, ?>> records, int begun, Exception failure) {
    if (failure instanceof UnidentifiedEventException unidentified) {
      for (int i = 0; i < records.size(); i++) {
        if (unidentified.isOf(records.get(i))) {
          return OptionalInt.of(i);
        }
      }
    }
    return begun == 0 ? OptionalInt.empty() : OptionalInt.of(begun - 1);
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
