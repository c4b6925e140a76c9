package dev.outbox.writer;

import java.util.List;

/**
 * Appends events to the outbox in the caller's current transaction. They are published if and only
 * if that transaction commits.
 *
 * <p>An event whose ID is in the outbox already, or earlier in the same list, is not written again
 * and reported as a duplicate. When another transaction has written the same ID and is still
 * running, the call waits for its end: after a commit it reports the duplicate, after a rollback it
 * appends. This holds at the isolation level READ COMMITTED, PostgreSQL's default. At REPEATABLE
 * READ and SERIALIZABLE an event committed by another transaction after this one took its snapshot
 * ends in {@link AppendException} with SQLState 40001; roll back and repeat the transaction, which
 * then reports the duplicate. The log as medium knows only the duplicates of one list.
 *
 * <p>Every method throws {@link NoTransactionException} when no transaction is active, {@link
 * ReadOnlyTransactionException} when it may not write, {@link WalLevelException} when the log would
 * not be delivered, and {@link AppendException} when the database refuses; nothing is written then.
 * Whether several threads may share a writer depends on where it comes from: {@link
 * JdbcOutbox#writer} belongs to its connection, the bean of {@code dev.outbox.writer.spring} serves
 * all threads.
 */
public interface OutboxWriter {

  /** Appends one event. */
  default AppendResult append(OutboxEvent event) {
    return append(List.of(event)).get(0);
  }

  /**
   * Appends events in list order with one statement, whatever their number. They are sent as one
   * message, so keep one list's payloads well below PostgreSQL's limit of 1 GB.
   *
   * @return one result per event, in list order
   */
  List<AppendResult> append(List<OutboxEvent> events);
}
