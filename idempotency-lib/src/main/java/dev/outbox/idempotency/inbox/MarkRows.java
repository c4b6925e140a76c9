package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/** The rows of the marks of one consumer. */
final class MarkRows {

  private final String consumer;
  private final String table;
  private final String lockSql;
  private final String insertSql;
  private final String partitionsSql;
  private final String storeSql;

  MarkRows(String consumer, String table) {
    this.consumer = consumer;
    this.table = table;
    this.lockSql =
        """
        select p.topic, p.partition, p.source, p.position, p.partitions
        from %s p
        join unnest(?::text[], ?::int[], ?::text[]) as k (topic, partition, source)
          on p.topic = k.topic and p.partition = k.partition and p.source = k.source
        where p.consumer = ?
        order by p.topic collate "C", p.partition, p.source collate "C"
        for update of p
        """
            .formatted(table);
    this.insertSql =
        """
        insert into %s (topic, partition, source, consumer, position)
        select k.topic, k.partition, k.source, ?, ?
        from unnest(?::text[], ?::int[], ?::text[]) with ordinality as k (topic, partition, source, n)
        order by k.n
        on conflict do nothing
        """
            .formatted(table);
    this.partitionsSql =
        "select max(partitions) from %s where consumer = ? and topic = ?".formatted(table);
    this.storeSql =
        """
        update %s p
        set position = k.position, updated_at = now(),
            partitions = case when k.partitions > 0 then k.partitions else p.partitions end
        from unnest(?::text[], ?::int[], ?::text[], ?::text[], ?::int[])
          as k (topic, partition, source, position, partitions)
        where p.consumer = ? and p.topic = k.topic and p.partition = k.partition
          and p.source = k.source
        """
            .formatted(table);
  }

  /**
   * Locks the rows until the transaction ends, made where there are none, and gives their marks.
   *
   * @throws PositionRefusedException when a topic has another number of partitions than before
   */
  Map<Mark.Stream, OutboxPosition> lock(
      Connection connection, List<Mark.Stream> streams, ToIntFunction<String> partitions)
      throws SQLException {
    Map<Mark.Stream, OutboxPosition> marks = lockExisting(connection, streams, partitions);
    if (marks.size() == streams.size()) {
      return marks;
    }
    for (String topic : streams.stream().map(Mark.Stream::topic).distinct().toList()) {
      checkPartitions(topic, partitionsBefore(connection, topic), partitions.applyAsInt(topic));
    }
    insert(connection, streams);
    // Once more, because of two that insert the same row only one does, and the other shall see
    // what it wrote.
    return lockExisting(connection, streams, partitions);
  }

  private Map<Mark.Stream, OutboxPosition> lockExisting(
      Connection connection, List<Mark.Stream> streams, ToIntFunction<String> partitions)
      throws SQLException {
    Map<Mark.Stream, OutboxPosition> marks = new HashMap<>();
    try (PreparedStatement lock = connection.prepareStatement(lockSql)) {
      setStreams(connection, lock, 1, streams);
      lock.setString(4, consumer);
      try (ResultSet rows = lock.executeQuery()) {
        while (rows.next()) {
          String topic = rows.getString(1);
          checkPartitions(topic, rows.getInt(5), partitions.applyAsInt(topic));
          marks.put(
              new Mark.Stream(topic, rows.getInt(2), rows.getString(3)),
              OutboxPosition.parse(rows.getString(4)));
        }
      }
    }
    return marks;
  }

  private void insert(Connection connection, List<Mark.Stream> streams) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(insertSql)) {
      insert.setString(1, consumer);
      insert.setString(2, OutboxPosition.NONE.asText());
      setStreams(connection, insert, 3, streams);
      insert.executeUpdate();
    }
  }

  private int partitionsBefore(Connection connection, String topic) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(partitionsSql)) {
      query.setString(1, consumer);
      query.setString(2, topic);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private void checkPartitions(String topic, int before, int now) {
    if (before != 0 && now != 0 && before != now) {
      throw PositionRefusedException.partitionsChanged(consumer, topic, before, now, table);
    }
  }

  void store(
      Connection connection,
      Map<Mark.Stream, OutboxPosition> marks,
      ToIntFunction<String> partitions)
      throws SQLException {
    TreeMap<Mark.Stream, OutboxPosition> sorted = new TreeMap<>(Mark.Stream.LOCK_ORDER);
    sorted.putAll(marks);
    List<Mark.Stream> streams = List.copyOf(sorted.keySet());
    Object[] counts = streams.stream().map(s -> partitions.applyAsInt(s.topic())).toArray();
    try (PreparedStatement store = connection.prepareStatement(storeSql)) {
      setStreams(connection, store, 1, streams);
      store.setArray(
          4,
          connection.createArrayOf(
              "text", sorted.values().stream().map(OutboxPosition::asText).toArray()));
      store.setArray(5, connection.createArrayOf("int4", counts));
      store.setString(6, consumer);
      store.executeUpdate();
    }
  }

  private static void setStreams(
      Connection connection, PreparedStatement statement, int first, List<Mark.Stream> streams)
      throws SQLException {
    statement.setArray(
        first,
        connection.createArrayOf("text", streams.stream().map(Mark.Stream::topic).toArray()));
    statement.setArray(
        first + 1,
        connection.createArrayOf("int4", streams.stream().map(Mark.Stream::partition).toArray()));
    statement.setArray(
        first + 2,
        connection.createArrayOf("text", streams.stream().map(Mark.Stream::source).toArray()));
  }
}
