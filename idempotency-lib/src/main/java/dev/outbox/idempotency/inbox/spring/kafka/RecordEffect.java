package dev.outbox.idempotency.inbox.spring.kafka;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What a record does to the consumer's database.
 *
 * @param <K> type of the record's key
 * @param <V> type of the record's value
 */
@FunctionalInterface
public interface RecordEffect<K, V> {

  /**
   * Called for a record whose event was not seen before, inside the transaction of its marker:
   * repositories, {@code JdbcClient}, JPA and jOOQ join it.
   *
   * @throws Exception to have the transaction rolled back
   */
  void apply(ConsumerRecord<K, V> record) throws Exception;
}
