package dev.outbox.idempotency.inbox;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * The dead letters of one consumer that are not applied yet. A row is written with the marker of
 * its event and deleted with its effect, each in one transaction.
 */
final class DeadLetterRows {

  private final String consumer;
  private final String insertSql;
  private final String heldSql;
  private final String listSql;
  private final String deleteSql;

  DeadLetterRows(String consumer, InboxTable table) {
    this.consumer = consumer;
    String name = table.deadLetters().quoted();
    this.insertSql =
        """
        insert into %s (consumer, topic, partition, record_offset, key_hash, source, event_id,
                        reason, attempts, dead_letter_topic, dead_letter_partition,
                        dead_letter_offset)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
            .formatted(name);
    this.heldSql =
        """
        select distinct d.topic, d.key_hash
        from unnest(?::text[], ?::bytea[]) as k (topic, key_hash)
        join %s d on d.consumer = ? and d.topic = k.topic and d.key_hash = k.key_hash
        """
            .formatted(name);
    this.listSql =
        """
        select topic, partition, record_offset, key_hash, source, event_id, reason, attempts,
               dead_at, dead_letter_topic, dead_letter_partition, dead_letter_offset
        from %s where consumer = ? order by topic, partition, record_offset
        """
            .formatted(name);
    this.deleteSql =
        "delete from %s where consumer = ? and topic = ? and partition = ? and record_offset = ?"
            .formatted(name);
  }

  /**
   * A row as it is listed.
   *
   * @param letter what it tells
   * @param key what holds back its followers; empty for a record without a key
   * @param place where the dead-letter topic has it
   */
  record Row(DeadLetter letter, Optional<HeldKey> key, Place place) {}

  /** A record of a dead-letter topic. */
  record Place(String topic, int partition, long offset) {}

  /** A key of a topic, by its hash in hexadecimal. */
  record HeldKey(String topic, String hash) {}

  void insert(Connection connection, ReceivedEvent event, GivenUp why, RecordMetadata where)
      throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(insertSql)) {
      insert.setString(1, consumer);
      insert.setString(2, event.topic());
      insert.setInt(3, event.partition());
      insert.setLong(4, event.offset());
      insert.setBytes(5, hash(event.record()).orElse(null));
      insert.setString(6, event.source());
      insert.setString(7, event.id());
      insert.setString(8, why.reason());
      insert.setInt(9, why.attempts());
      insert.setString(10, where.topic());
      insert.setInt(11, where.partition());
      insert.setLong(12, where.offset());
      insert.executeUpdate();
    }
  }

  /** The events of these whose key has a dead letter. */
  List<ReceivedEvent> held(Connection connection, List<ReceivedEvent> events) throws SQLException {
    List<ReceivedEvent> keyed =
        events.stream().filter(event -> event.record().key() != null).toList();
    if (keyed.isEmpty()) {
      return List.of();
    }
    Set<HeldKey> held = new HashSet<>();
    try (PreparedStatement query = connection.prepareStatement(heldSql)) {
      query.setArray(
          1, connection.createArrayOf("text", keyed.stream().map(ReceivedEvent::topic).toArray()));
      query.setArray(
          2,
          connection.createArrayOf(
              "bytea",
              keyed.stream()
                  .map(event -> hash(event.record()).orElseThrow())
                  .toArray(byte[][]::new)));
      query.setString(3, consumer);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          held.add(new HeldKey(rows.getString(1), hex(rows.getBytes(2))));
        }
      }
    }
    return keyed.stream().filter(event -> held.contains(keyOf(event))).toList();
  }

  private static HeldKey keyOf(ReceivedEvent event) {
    return new HeldKey(event.topic(), hex(hash(event.record()).orElseThrow()));
  }

  /** In order of each partition they came from. */
  List<Row> list(Connection connection) throws SQLException {
    List<Row> result = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(listSql)) {
      query.setString(1, consumer);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          result.add(row(rows));
        }
      }
    }
    return result;
  }

  private static Row row(ResultSet row) throws SQLException {
    String topic = row.getString(1);
    Place place = new Place(row.getString(10), row.getInt(11), row.getLong(12));
    return new Row(
        new DeadLetter(
            topic,
            row.getInt(2),
            row.getLong(3),
            row.getString(5),
            row.getString(6),
            row.getString(7),
            row.getInt(8),
            row.getTimestamp(9).toInstant(),
            "%s-%d@%d".formatted(place.topic(), place.partition(), place.offset())),
        Optional.ofNullable(row.getBytes(4)).map(hash -> new HeldKey(topic, hex(hash))),
        place);
  }

  /** Takes the right to apply it; false when somebody else did. */
  boolean delete(Connection connection, DeadLetter letter) throws SQLException {
    try (PreparedStatement delete = connection.prepareStatement(deleteSql)) {
      delete.setString(1, consumer);
      delete.setString(2, letter.topic());
      delete.setInt(3, letter.partition());
      delete.setLong(4, letter.offset());
      return delete.executeUpdate() == 1;
    }
  }

  private static Optional<byte[]> hash(ConsumerRecord<byte[], byte[]> record) {
    return Optional.ofNullable(record.key()).map(DeadLetterRows::sha256);
  }

  private static byte[] sha256(byte[] key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
