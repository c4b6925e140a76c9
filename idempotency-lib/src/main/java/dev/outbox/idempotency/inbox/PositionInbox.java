package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * What one consumer has seen, in constant space: one high-water mark for each partition and relay
 * instead of a marker for each event. It rests on the relay's positions, which grow along each
 * partition; whatever is at or below the mark is a repeat. {@code docs/consuming-events.md} lists
 * what must hold for that.
 *
 * <p>The mark moves in the caller's own transaction, together with the effects, and its row is
 * locked from the claim on. So a former owner of the partition that does not know yet that it is
 * replaced and the new one take turns: under READ COMMITTED, PostgreSQL's default, the second waits
 * for the first and sees its mark. Under REPEATABLE READ and SERIALIZABLE it fails with SQLSTATE
 * 40001; the retry of its transaction then sees it.
 *
 * <p>Immutable; any number of threads may use one instance, each with its own connection.
 */
public final class PositionInbox {

  /** For callers that do not know how many partitions a topic has. */
  private static final ToIntFunction<String> UNKNOWN = topic -> 0;

  private final String consumer;
  private final MarkRows rows;
  private final NewEpoch newEpoch;
  private final Replays replays;

  private PositionInbox(String consumer, MarkRows rows, NewEpoch newEpoch, Replays replays) {
    this.consumer = consumer;
    this.rows = rows;
    this.newEpoch = newEpoch;
    this.replays = replays;
  }

  /** The marks of this consumer in {@code inbox_position} of the connection's schema. */
  public static PositionInbox forConsumer(String consumer) {
    return forConsumer(consumer, InboxTable.DEFAULT);
  }

  /**
   * The marks of this consumer.
   *
   * @param consumer the stable name of who applies the effects, at most 256 bytes; under a new name
   *     every event is new again
   * @param table its schema holds the marks, in {@code inbox_position}
   */
  public static PositionInbox forConsumer(String consumer, InboxTable table) {
    MarkerText.check("consumer", consumer, MarkerText.LONGEST_CONSUMER);
    MarkRows rows = new MarkRows(consumer, table.positions().quoted());
    return new PositionInbox(consumer, rows, NewEpoch.REFUSE, Replays.APPLY);
  }

  /** The same marks, and this answer to a new epoch. */
  public PositionInbox withNewEpoch(NewEpoch answer) {
    return new PositionInbox(consumer, rows, answer, replays);
  }

  /** The same marks, and this answer to replays. */
  public PositionInbox withReplays(Replays answer) {
    return new PositionInbox(consumer, rows, newEpoch, answer);
  }

  /**
   * Move the marks over a batch and apply the effect of each event not seen before, in the order of
   * the batch. Two statements, however large the batch. What {@link Inbox#process} says of failing
   * effects holds here too: the marks go back with them.
   *
   * @param connection not in auto-commit mode; neither committed nor closed here
   * @param records in order of each partition, none left out: the mark moves over what is missing
   * @throws TransactionRequiredException when the connection is in auto-commit mode
   * @throws PositionRefusedException when the mark cannot tell
   */
  public <E extends Exception> Claimed processBatch(
      Connection connection, List<RecordPosition> records, BatchEffect<E> effect)
      throws SQLException, E {
    ClaimedWork.requireTransaction(connection, consumer);
    return ClaimedWork.apply(connection, () -> claim(connection, records), effect);
  }

  /**
   * Only move the marks, for callers that apply effects in their own way, in the same transaction.
   * What {@link Inbox#claim} says holds here too.
   *
   * @return which records are new; their keys are source and position
   */
  public Claimed claim(Connection connection, List<RecordPosition> records) throws SQLException {
    return claim(connection, records, UNKNOWN);
  }

  /**
   * @param partitions how many partitions a topic has, 0 when that is not known
   */
  Claimed claim(
      Connection connection, List<RecordPosition> records, ToIntFunction<String> partitions)
      throws SQLException {
    ClaimedWork.requireTransaction(connection, consumer);
    Map<Mark.Stream, OutboxPosition> marks =
        new HashMap<>(rows.lock(connection, Mark.streamsOf(records), partitions));
    List<EventKey> keys = new ArrayList<>(records.size());
    BitSet fresh = new BitSet(records.size());
    for (RecordPosition record : records) {
      Mark.Stream stream = Mark.Stream.of(record);
      Mark mark = new Mark(marks.getOrDefault(stream, OutboxPosition.NONE));
      OutboxPosition position = OutboxPosition.parse(record.position());
      if (mark.isPassedBy(position, newEpoch, () -> refusal(record, mark))) {
        fresh.set(keys.size(), !(record.replayed() && replays == Replays.SKIP));
        marks.put(stream, position);
      }
      keys.add(new EventKey(record.source(), record.position()));
    }
    rows.store(connection, marks, partitions);
    return Claimed.of(keys, fresh);
  }

  void requireTransaction(Connection connection) throws SQLException {
    ClaimedWork.requireTransaction(connection, consumer);
  }

  private PositionRefusedException refusal(RecordPosition record, Mark mark) {
    return PositionRefusedException.newEpoch(consumer, record, mark.position());
  }
}
