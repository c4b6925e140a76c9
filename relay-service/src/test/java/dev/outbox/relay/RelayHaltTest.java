package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.RelayState.Failed;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A relay that stands still before what can never be a record. */
@Execution(ExecutionMode.CONCURRENT)
class RelayHaltTest extends RelayTestBase {

  @Test
  void eventsBeforePoisonAreNotRepeatedWithEveryAttempt() {
    // Given good events, and one behind them that can never be a record
    Relay relay = startRelay(Map.of("poison", "halt"));
    for (int i = 0; i < 20; i++) {
      database.insert("Order", String.valueOf(i % 3), "good");
    }
    database.insert("no topic name", "1", "poison");
    // When the relay has tried again and again
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Failed failed && failed.attempt() > 2);
    // Then the good ones stand on the topic once
    awaitPatiently().until(() -> topics.poll().size() >= 20);
    assertThat(topics.poll()).hasSize(20);
  }

  @ParameterizedTest
  @CsvSource({
    "pgoutput, at-least-once",
    "pgoutput, exactly-once",
    "debezium, exactly-once" // at-least-once, Debezium itself ends before they can be confirmed
  })
  void whatStandsBeforeSomethingUnreadableIsPublishedOnce(String engine, String delivery)
      throws Exception {
    // Given good events, and behind them a row from while the table was not as it should be
    Map<String, String> settings = Map.of("engine", engine, "delivery", delivery);
    startRelay(settings).stop();
    insertMany(20);
    database.execute(
        """
        alter table outbox_event rename aggregateid to key;
        insert into outbox_event(id, aggregatetype, key, type, payload)
        values (gen_random_uuid(), 'Order', '1', 'Other', '{}');
        alter table outbox_event rename key to aggregateid;
        """);
    // When the relay has tried again and again
    Relay relay = newRelay(settings);
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Failed failed && failed.attempt() > 2);
    // Then the good ones stand on the topic once
    awaitPatiently().until(() -> topics.poll().size() >= 20);
    assertThat(topics.poll()).hasSize(20);
  }

  @Test
  void nothingOvertakesARejectedEventOfItsTransaction() {
    // Given a producer that takes no more than a small request
    Relay relay =
        startRelay(Map.of("poison", "halt", "kafka.properties.max.request.size", "10000"));
    // When one transaction holds an event beyond that, and small ones of its key behind it
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', '1', 'Mixed',
          repeat('x', case when i = 1 then 20000 else 10 end)::bytea
        from generate_series(1, 6) i
        """);
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Failed failed && failed.attempt() > 2);
    // Then none of them is on the topic
    assertThat(topics.poll()).isEmpty();
  }

  @Test
  void anEventThatKafkaRejectsHaltsTheRelayUntilItsCauseIsGone() throws Exception {
    // Given a topic with a low limit
    String topic = database.slot() + ".Order";
    kafka.createTopic(topic, 1);
    limit(topic, 2_000);
    Relay relay = startRelay(Map.of("poison", "halt"));
    String before = database.insert("Order", "1", "small");
    String large = database.insert("Order", "1", "x".repeat(5_000));
    // When an event exceeds it
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Failed);
    // Then the relay says which, and publishes nothing behind it
    assertThat(((Failed) relay.state()).failure().problem()).contains(large);
    String behind = database.insert("Order", "1", "small again");
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Failed failed && failed.attempt() > 2);
    awaitPatiently().until(() -> !topics.ids().isEmpty());
    assertThat(Set.copyOf(topics.ids())).containsExactly(before);
    // And goes on by itself when the limit is raised
    limit(topic, 1_000_000);
    awaitPatiently().until(() -> topics.ids().contains(behind));
    assertThat(topics.ids().stream().distinct().toList()).containsExactly(before, large, behind);
  }

  @Test
  void aRowThatCannotBecomeARecordHaltsTheRelay() {
    Relay relay = startRelay(Map.of("poison", "halt"));
    String id = database.insert("Bestellung ä", "1", "payload nobody may see");
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Failed);
    assertThat(((Failed) relay.state()).failure().getMessage())
        .contains(id)
        .contains("is not a valid Kafka topic name")
        .doesNotContain("payload nobody may see");
  }

  private void limit(String topic, int bytes) {
    kafka.configureTopic(topic, "max.message.bytes", String.valueOf(bytes));
  }
}
