package dev.outbox.demo.consuming;

import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Makes the consumers. */
@Component
public class EventConsumers {

  private final KafkaSettings kafka;
  private final InboxTransactions transactions;
  private final JdbcClient database;
  private final MeterRegistry meters;

  EventConsumers(
      KafkaSettings kafka,
      InboxTransactions transactions,
      JdbcClient database,
      MeterRegistry meters) {
    this.kafka = kafka;
    this.transactions = transactions;
    this.database = database;
    this.meters = meters;
  }

  /**
   * A consumer, to be defined as a bean.
   *
   * @param name scope of its inbox, so that consumers never hide each other's events
   */
  public EventConsumer consumer(String name, String topic, EventEffect effect) {
    return new EventConsumer(
        name,
        topic,
        kafka,
        transactions,
        meters,
        event -> {
          effect.apply(event);
          record(name, event);
        });
  }

  /** Once for each event a consumer has applied, also where it had nothing to do. */
  private void record(String consumer, ReceivedEvent event) {
    database
        .sql("insert into effect (consumer, event_id, aggregate_id) values (?, ?, ?)")
        .params(consumer, UUID.fromString(event.id()), event.key().orElse(""))
        .update();
  }
}
