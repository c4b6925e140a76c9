package dev.outbox.relay.migration;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.inbox.EventKeys;
import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxRunnerBuilder;
import dev.outbox.relay.support.Relays;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From a service that commits and then sends. */
@Tag("slow")
class FromDualWritesIT extends MigrationTestBase {

  @Test
  void eachOrderTakesEffectOnceHoweverItWasToldAlsoOneThatWasNeverTold() throws Exception {
    database.execute(Orders.TABLE);
    var dataSource = AppliedEvents.dataSource(database);
    List<String> placed = new ArrayList<>();
    // Given a service with dual writes, of which one has lost an event
    KafkaProducer<String, String> producer = producer();
    DirectPlacement direct = new DirectPlacement(new Orders(dataSource), producer, topic);
    for (int i = 0; i < 5; i++) {
      direct.place(remember(placed), 100 + i);
    }
    producer.close();
    UUID lost = remember(placed);
    assertThatThrownBy(() -> direct.place(lost, 105)).hasMessageContaining("closed");
    assertThat(database.query("select count(*) from orders")).isEqualTo("6");
    // When consumers recognise orders, and then the service goes over
    InboxRunnerBuilder invoicing =
        InboxRunner.builder()
            .consumer("invoicing")
            .keys(EventKeys.recordKey("order-placed")); // one such event for each order
    try (AppliedEvents applied =
        AppliedEvents.of(invoicing, postgres, kafka.bootstrapServers(), topic)) {
      await().atMost(PATIENCE).until(() -> applied.received() == 5);
      database.createTable();
      database.install();
      try (AutoCloseable relay = Relays.leading(database, kafka, Map.of())) {
        OutboxPlacement outbox = new OutboxPlacement(dataSource);
        for (int i = 0; i < 5; i++) {
          outbox.place(remember(placed), 200 + i);
        }
        // And all orders are told once more
        database.execute(guide("dual writes: again"));
        await().atMost(PATIENCE).until(() -> applied.received() == 5 + 5 + 11);
      }
      // Then
      assertThat(applied.keys()).containsExactlyInAnyOrderElementsOf(placed);
    }
  }

  private static UUID remember(List<String> placed) {
    UUID order = UUID.randomUUID();
    placed.add(order.toString());
    return order;
  }

  private KafkaProducer<String, String> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", kafka.bootstrapServers()),
        new StringSerializer(),
        new StringSerializer());
  }
}
