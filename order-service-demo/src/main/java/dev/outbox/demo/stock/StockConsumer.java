package dev.outbox.demo.stock;

import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import dev.outbox.idempotency.inbox.RunnerState;
import java.sql.Connection;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Books placed orders in the ledger. Begins when the application is ready to serve and ends before
 * its pool closes. An application that cannot reach Kafka does not start.
 */
@Component
class StockConsumer implements SmartLifecycle, HealthIndicator {

  private static final String NAME = "stock";
  private static final String TOPIC = "outbox.event.Order";
  private static final String ORDER_PLACED = "OrderPlaced";

  private final KafkaSettings kafka;
  private final InboxTransactions transactions;
  private final StockLedger ledger;
  private final JsonMapper json;
  private volatile @Nullable InboxRunner runner;

  StockConsumer(
      KafkaSettings kafka, InboxTransactions transactions, StockLedger ledger, JsonMapper json) {
    this.kafka = kafka;
    this.transactions = transactions;
    this.ledger = ledger;
    this.json = json;
  }

  @Override
  public void start() {
    InboxRunner starting =
        InboxRunner.builder()
            .consumer(NAME)
            .topics(TOPIC)
            .kafka(Map.of("bootstrap.servers", kafka.bootstrapServers()))
            .transactions(transactions)
            .handler(this::book)
            .build();
    starting.start();
    runner = starting;
  }

  @Override
  public void stop() {
    InboxRunner running = runner;
    if (running != null) {
      running.stop();
      runner = null;
    }
  }

  @Override
  public boolean isRunning() {
    return runner != null;
  }

  /** Down when orders stay unbooked, with the reason in the log. */
  @Override
  public Health health() {
    InboxRunner running = runner;
    if (running == null) {
      return Health.down().build();
    }
    RunnerState state = running.state();
    return (state instanceof RunnerState.Running ? Health.up() : Health.down())
        .withDetail("state", state.getClass().getSimpleName())
        .withDetail("applied", running.counts().applied())
        .withDetail("repeats", running.counts().repeats())
        .build();
  }

  /** The ledger joins the transaction of this connection, which also holds the event's marker. */
  private void book(Connection connection, ReceivedEvent event) {
    // Further types of events may come to this topic without asking its consumers.
    if (event.type().filter(ORDER_PLACED::equals).isPresent()) {
      event
          .payload()
          .map(payload -> json.readValue(payload, PlacedOrder.class))
          .ifPresent(ledger::book);
    }
  }
}
