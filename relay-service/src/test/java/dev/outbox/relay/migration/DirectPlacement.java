package dev.outbox.relay.migration;

import java.sql.SQLException;
import java.util.UUID;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A dual write. */
@SuppressWarnings("FutureReturnValueIgnored") // as people do
final class DirectPlacement {

  private final Orders orders;
  private final Producer<String, String> producer;
  private final String topic;

  DirectPlacement(Orders orders, Producer<String, String> producer, String topic) {
    this.orders = orders;
    this.producer = producer;
    this.topic = topic;
  }

  void place(UUID order, int cents) throws SQLException {
    orders.insert(order, cents); // commits
    producer.send(new ProducerRecord<>(topic, order.toString(), OrderJson.placed(order, cents)));
  }
}
