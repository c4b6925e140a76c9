package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** {@link Deduplication} at work, for one consumer. Any thread, each with its own connection. */
sealed interface Recognition {

  /**
   * @throws UnidentifiedEventException when the record lacks what it is recognised by
   */
  ReceivedEvent read(ConsumerRecord<byte[], byte[]> record);

  /** Claims the batch and applies the effect of what is new, as {@link Inbox#processBatch} does. */
  <E extends Exception> Claimed process(
      Connection connection, List<ReceivedEvent> events, BatchEffect<E> effect)
      throws SQLException, E;

  void check(Connection connection) throws SQLException;

  /** Told whenever partitions of a topic are assigned. */
  void partitions(String topic, int count);

  static Recognition of(Deduplication deduplication, String consumer, InboxTable table) {
    if (deduplication instanceof Deduplication.ByPosition how) {
      PositionInbox inbox =
          PositionInbox.forConsumer(consumer, table)
              .withNewEpoch(how.newEpoch())
              .withReplays(how.replays());
      return new ByMark(inbox, table, new ConcurrentHashMap<>());
    }
    EventKeys keys = ((Deduplication.ByKey) deduplication).keys();
    return new ByMarker(Inbox.forConsumer(consumer, table), table, keys);
  }

  /** A marker for each event. */
  record ByMarker(Inbox inbox, InboxTable table, EventKeys keys) implements Recognition {

    @Override
    public ReceivedEvent read(ConsumerRecord<byte[], byte[]> record) {
      return ReceivedEvent.read(record, keys);
    }

    @Override
    public <E extends Exception> Claimed process(
        Connection connection, List<ReceivedEvent> events, BatchEffect<E> effect)
        throws SQLException, E {
      List<EventKey> batch = events.stream().map(ReceivedEvent::eventKey).toList();
      return inbox.processBatch(connection, batch, effect);
    }

    @Override
    public void check(Connection connection) throws SQLException {
      inbox.requireTransaction(connection);
      InboxSchema.check(connection, table);
    }

    @Override
    public void partitions(String topic, int count) {}
  }

  /**
   * A mark for each partition.
   *
   * @param partitions how many each topic has
   */
  record ByMark(PositionInbox inbox, InboxTable table, Map<String, Integer> partitions)
      implements Recognition {

    @Override
    public ReceivedEvent read(ConsumerRecord<byte[], byte[]> record) {
      return ReceivedEvent.read(
          record,
          r -> {
            var unused = RecordPosition.of(r);
            return EventHeaders.key(r);
          });
    }

    @Override
    public <E extends Exception> Claimed process(
        Connection connection, List<ReceivedEvent> events, BatchEffect<E> effect)
        throws SQLException, E {
      List<RecordPosition> batch =
          events.stream().map(event -> RecordPosition.of(event.record())).toList();
      return ClaimedWork.apply(
          connection,
          () -> inbox.claim(connection, batch, topic -> partitions.getOrDefault(topic, 0)),
          effect);
    }

    @Override
    public void check(Connection connection) throws SQLException {
      inbox.requireTransaction(connection);
      InboxSchema.checkPositions(connection, table);
    }

    @Override
    public void partitions(String topic, int count) {
      partitions.put(topic, count);
    }
  }
}
