package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The events one consumer has seen. The marker is written in the caller's own transaction, together
 * with the effect, and the scope is (consumer, source, event id): two consumers never hide each
 * other's events, and two sources may use the same id.
 *
 * <p>Two transactions that claim the same key at the same time: under READ COMMITTED, PostgreSQL's
 * default, the second waits for the first. It sees a repeat when the first commits and is itself
 * the first when that rolls back. Under REPEATABLE READ and SERIALIZABLE it fails with SQLSTATE
 * 40001 when the first commits; the retry of its transaction then sees the repeat.
 *
 * <p>Immutable; any number of threads may use one instance, each with its own connection.
 */
public final class Inbox {

  /** Markers are always taken in this order, so that overlapping batches cannot deadlock. */
  private static final Comparator<EventKey> CLAIM_ORDER =
      Comparator.comparing(EventKey::source).thenComparing(EventKey::id);

  private final String consumer;
  private final String claimSql;

  private Inbox(String consumer, InboxTable table) {
    MarkerText.check("consumer", consumer, MarkerText.LONGEST_CONSUMER);
    this.consumer = consumer;
    // One text whatever the batch size, so that driver and server keep one prepared statement.
    // Only ON CONFLICT will do: catching a duplicate-key error leaves the transaction aborted.
    this.claimSql =
        """
        insert into %s (consumer, source, event_id)
        select ?, k.source, k.event_id
        from unnest(?::text[], ?::text[]) with ordinality as k (source, event_id, n)
        order by k.n
        on conflict (consumer, source, event_id) do nothing
        returning source, event_id
        """
            .formatted(table.quoted());
  }

  /** The inbox of this consumer in the table {@code inbox_event} of the connection's schema. */
  public static Inbox forConsumer(String consumer) {
    return forConsumer(consumer, InboxTable.DEFAULT);
  }

  /**
   * The inbox of this consumer in this table.
   *
   * @param consumer the stable name of who applies the effects, at most 256 bytes; under a new name
   *     every event is new again
   * @throws IllegalArgumentException when the name is blank or too long
   */
  public static Inbox forConsumer(String consumer, InboxTable table) {
    return new Inbox(consumer, table);
  }

  /**
   * Apply the effect unless this event was seen before. The caller commits, and only after that
   * acknowledges the delivery.
   *
   * <p>When the effect throws, its changes and the marker are undone together and the exception
   * goes on to the caller. So a caller that commits nevertheless, as Spring does for a checked
   * exception, does not lose the event. An effect that swallowed a database error, or ended the
   * transaction, has failed too.
   *
   * <p>Several calls in one transaction take their markers in the order of the calls. Where two
   * transactions could meet in opposite order, use {@link #processBatch}.
   *
   * @param connection not in auto-commit mode; neither committed nor closed here
   * @return true when the effect was applied, false for a repeat
   * @throws TransactionRequiredException when the connection is in auto-commit mode
   */
  public <E extends Exception> boolean process(
      Connection connection, EventKey key, Effect<E> effect) throws SQLException, E {
    return processBatch(connection, List.of(key), index -> effect.apply()).isNew(0);
  }

  /**
   * Claim a whole batch in one statement and apply the effect of each event not seen before, in the
   * order of the batch. What holds for {@link #process} holds for the batch as a whole.
   *
   * @param connection not in auto-commit mode; neither committed nor closed here
   * @param keys in order of delivery; repeats within the batch count once
   * @throws TransactionRequiredException when the connection is in auto-commit mode
   */
  public <E extends Exception> Claimed processBatch(
      Connection connection, List<EventKey> keys, BatchEffect<E> effect) throws SQLException, E {
    requireTransaction(connection);
    return ClaimedWork.apply(connection, () -> claim(connection, keys), effect);
  }

  /**
   * Only claim a batch, in one statement, for callers that apply effects in their own way. They do
   * so in the same transaction, and roll it back when one of them fails, also when a database error
   * was caught on the way: a marker committed without its effect is a lost event.
   *
   * @param connection not in auto-commit mode; neither committed nor closed here
   * @param keys in order of delivery; repeats within the batch count once
   * @throws TransactionRequiredException when the connection is in auto-commit mode
   */
  public Claimed claim(Connection connection, List<EventKey> keys) throws SQLException {
    requireTransaction(connection);
    if (keys.isEmpty()) {
      return Claimed.of(keys, Set.of());
    }
    List<EventKey> sorted = keys.stream().distinct().sorted(CLAIM_ORDER).toList();
    Array sources = textArray(connection, sorted.stream().map(EventKey::source).toArray());
    Array ids = textArray(connection, sorted.stream().map(EventKey::id).toArray());
    Set<EventKey> inserted = new HashSet<>();
    try (PreparedStatement claim = connection.prepareStatement(claimSql)) {
      claim.setString(1, consumer);
      claim.setArray(2, sources);
      claim.setArray(3, ids);
      try (ResultSet rows = claim.executeQuery()) {
        while (rows.next()) {
          inserted.add(new EventKey(rows.getString(1), rows.getString(2)));
        }
      }
    }
    return Claimed.of(keys, inserted);
  }

  void requireTransaction(Connection connection) throws SQLException {
    ClaimedWork.requireTransaction(connection, consumer);
  }

  private static Array textArray(Connection connection, Object[] texts) throws SQLException {
    return connection.createArrayOf("text", texts);
  }
}
