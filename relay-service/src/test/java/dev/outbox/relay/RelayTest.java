package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Stopped;
import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a relay does as long as its surroundings are well. */
@Execution(ExecutionMode.CONCURRENT)
class RelayTest extends RelayTestBase {

  @Test
  void aRowInsertedWithPlainSqlIsPublishedWithTheHeadersOfTheContract() {
    // Given a relay
    Relay relay = startRelay();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    // When any client inserts a row
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload, headers) values
          ('0197a000-0000-7000-8000-000000000001', 'Order', 'ä-1', 'Placed', '\\x00ff41',
           '{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","ü":"é"}')
        """);
    // Then it stands on the topic
    awaitPatiently().until(() -> topics.poll().size() == 1);
    ConsumerRecord<byte[], byte[]> record = topics.poll().get(0);
    assertThat(record.topic()).isEqualTo(database.slot() + ".Order");
    assertThat(new String(record.key(), UTF_8)).isEqualTo("ä-1");
    assertThat(record.value()).isEqualTo(new byte[] {0, (byte) 0xff, 'A'});
    Map<String, String> headers = new HashMap<>();
    record.headers().forEach(h -> headers.put(h.key(), new String(h.value(), UTF_8)));
    assertThat(headers)
        .containsEntry("id", "0197a000-0000-7000-8000-000000000001")
        .containsEntry("ce_specversion", "1.0")
        .containsEntry("ce_id", "0197a000-0000-7000-8000-000000000001")
        .containsEntry("ce_source", "test-" + database.slot())
        .containsEntry("ce_type", "Placed")
        .containsEntry("ce_subject", "ä-1")
        .containsEntry("content-type", "application/json")
        .containsEntry("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .containsEntry("ü", "é")
        .hasSize(11);
    assertThat(Instant.parse(headers.get("ce_time")))
        .isBetween(Instant.now().minusSeconds(120), Instant.now().plusSeconds(5));
    assertThat(headers.get("outbox-position")).matches("[0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{8}");
    assertThat(registry.get("outbox.relay.events.read").counter().count()).isEqualTo(1);
    await()
        .atMost(PATIENCE)
        .until(() -> registry.get("outbox.relay.events.published").counter().count() == 1);
  }

  @Test
  void aNullPayloadIsATombstone() {
    startRelay();
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type)
        values (gen_random_uuid(), 'Order', '1', 'Deleted')
        """);
    awaitPatiently().until(() -> topics.poll().size() == 1);
    assertThat(topics.poll().get(0).value()).isNull();
  }

  @Test
  void aRolledBackTransactionPublishesNothing() throws Exception {
    startRelay();
    // Given a transaction that wrote an event and was rolled back, and one that committed later
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      OutboxDatabase.insert(connection, "Order", "1", "rolled back");
      connection.rollback();
    }
    String committed = database.insert("Order", "1", "committed");
    // Then only the later one comes
    awaitPatiently().until(() -> !topics.ids().isEmpty());
    assertThat(topics.ids()).containsExactly(committed);
  }

  @Test
  void aGracefulStopUnderLoadLeavesNothingToRepeat() throws Exception {
    // Given a relay in the midst of a backlog
    Relay first = startRelay(Map.of("drain-timeout", "5m"));
    insertMany(20_000);
    awaitPatiently().until(() -> !topics.poll().isEmpty());
    // When it is stopped, from several sides at once, and another goes on
    Thread other = new Thread(() -> stopQuietly(first));
    other.start();
    first.stop();
    first.stop();
    other.join();
    assertThat(first.state()).isInstanceOf(Stopped.class);
    startRelay();
    // Then every event comes exactly once, in order
    awaitPatiently().until(() -> topics.poll().size() >= 20_000);
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  @Test
  void aSecondInstanceStandsByAndTakesOver() throws Exception {
    // Given two instances
    Relay leader = startRelay();
    await().atMost(PATIENCE).until(() -> leader.state() instanceof Leading);
    Relay follower = startRelay();
    await().atMost(PATIENCE).until(() -> follower.state() instanceof Standby);
    database.insert("Order", "1", "by the first");
    awaitPatiently().until(() -> topics.poll().size() == 1);
    // When the leader stops
    leader.stop();
    // Then the other goes on
    database.insert("Order", "1", "by the second");
    awaitPatiently().until(() -> topics.poll().size() == 2);
    assertThat(topics.ids()).isEqualTo(database.eventIds());
  }

  @Test
  void anIdleOutboxDoesNotHoldTheLogOfABusyDatabase() {
    // Given a relay that has nothing to publish, while other tables are written
    startRelay(Map.of("heartbeat-interval", "200ms"));
    database.execute("create table busy (t text)");
    await().atMost(PATIENCE).until(() -> !"null".equals(database.confirmedLsn()));
    String before = database.confirmedLsn();
    database.execute("insert into busy select repeat('x', 1000) from generate_series(1, 5000)");
    String target = String.valueOf(database.query("select pg_current_wal_lsn()"));
    // Then the slot moves behind what they wrote
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                "t"
                    .equals(
                        database.query(
                            "select '%s'::pg_lsn >= '%s'::pg_lsn"
                                .formatted(database.confirmedLsn(), target))));
    assertThat(database.confirmedLsn()).isNotEqualTo(before);
    assertThat(topics.poll()).isEmpty();
  }

  @Test
  void aPositionIsNotConfirmedWhileKafkaHasNotAcknowledged() throws Exception {
    // Given a relay whose producer holds back what it is given
    Relay holding =
        startRelay(
            Map.of(
                "heartbeat-interval", "200ms",
                "drain-timeout", "1s",
                "kafka.properties.linger.ms", "3600000"));
    // When events are given to it, and heartbeats pass behind them
    database.insert("Order", "1", "the first");
    String behindTheFirst = String.valueOf(database.query("select pg_current_wal_lsn()"));
    for (int i = 1; i < 50; i++) {
      database.insert("Order", String.valueOf(i % 7), "not acknowledged");
    }
    await()
        .atMost(PATIENCE)
        .until(() -> registry.get("outbox.relay.in.flight").gauge().value() == 50);
    double passed = registry.get("outbox.relay.events.ignored").counter().count();
    await()
        .atMost(PATIENCE)
        .until(() -> registry.get("outbox.relay.events.ignored").counter().count() > passed + 3);
    // Then the slot has stayed before them, also when the relay stops
    assertConfirmedBefore(behindTheFirst);
    holding.stop();
    assertConfirmedBefore(behindTheFirst);
    // And another relay publishes every one of them
    startRelay();
    awaitPatiently().until(() -> topics.poll().size() >= 50);
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  private void assertConfirmedBefore(String lsn) {
    assertThat(
            database.query(
                "select '%s'::pg_lsn < '%s'::pg_lsn".formatted(database.confirmedLsn(), lsn)))
        .as("confirmed %s, before %s", database.confirmedLsn(), lsn)
        .isEqualTo("t");
  }

  @Test
  void aSlotWhoseNameLooksLikeATickIsRelayed() {
    String slot = "tickets_" + database.slot().substring(6);
    startRelay(Map.of("slot", slot));
    database.insert("Order", "1", "x");
    awaitPatiently().until(() -> topics.poll().size() == 1);
  }

  @Test
  void aSlotDroppedUnderTheRelayIsReportedAndNotMadeAnew() {
    // Given a relay with auto-init that shall not recover by itself
    Relay relay = startRelay(Map.of("on-gap", "refuse"));
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    // When somebody drops its slot
    database.dropSlot();
    // Then it refuses to begin anew, and says what to do
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                relay.state() instanceof Failed failed
                    && failed.failure().remedy().contains("--accept-gap"));
  }

  @Test
  void aBacklogLargerThanTheLimitPassesWithinIt() {
    // Given large events, many times the limit
    database.execute("alter table outbox_event alter payload set storage external");
    Relay relay = startRelay(Map.of("in-flight-limit", "1MB"));
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i % 10)::text, 'Large', repeat('x', 200000)::bytea
        from generate_series(1, 100) i
        """);
    // Then all come, and no more than the limit is ever in flight
    List<Double> inFlight = new ArrayList<>();
    awaitPatiently()
        .until(
            () -> {
              inFlight.add(registry.get("outbox.relay.in.flight.bytes").gauge().value());
              return topics.poll().size() == 100;
            });
    assertThat(inFlight).allMatch(bytes -> bytes <= 1_048_576);
  }

  private static void stopQuietly(Relay relay) {
    try {
      relay.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
