package dev.outbox.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Stopped;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Engine;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The relay in this JVM, between a real database and a real broker. */
@WithLocalStack
class RelayTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<Relay> relays = new ArrayList<>();
  private SimpleMeterRegistry registry = new SimpleMeterRegistry();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  @AfterEach
  void stopRelays() throws InterruptedException {
    for (Relay relay : relays) {
      relay.stop();
    }
  }

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
    await().until(() -> registry.get("outbox.relay.events.published").counter().count() == 1);
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
  @Tag("long")
  void aStopWhileWaitingForATopicLosesNothing() throws Exception {
    // Given a relay that waits for the broker to make a topic
    Relay waiting = startRelay(Map.of("drain-timeout", "1s"));
    kafka.stop();
    String first;
    try {
      first = database.insert("Invoice", "1", "for a topic that is not there yet");
      database.insert("Order", "1", "behind it");
      await()
          .atMost(PATIENCE)
          .until(() -> registry.get("outbox.relay.in.flight").gauge().value() == 1);
      // When it is stopped
      waiting.stop();
    } finally {
      kafka.start();
    }
    // Then the next one publishes what was waited with, and what stood behind it
    startRelay();
    awaitPatiently().until(() -> topics.poll().size() >= 2);
    assertThat(topics.ids()).containsExactlyInAnyOrderElementsOf(database.eventIds());
    assertThat(topics.ids()).contains(first);
  }

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
  void aSlotWhoseNameLooksLikeATickIsRelayed() {
    String slot = "tickets_" + database.slot().substring(6);
    startRelay(Map.of("slot", slot));
    database.insert("Order", "1", "x");
    awaitPatiently().until(() -> topics.poll().size() == 1);
  }

  @Test
  @Tag("long")
  void aBrokerThatWasAwayIsGoneOnWithInOrderAndWithoutRepeats() {
    // Given a relay that has published
    Relay relay = startRelay();
    database.insert("Order", "1", "before");
    awaitPatiently().until(() -> topics.poll().size() == 1);
    // When the broker goes away while events are written
    kafka.stop();
    try {
      for (int i = 0; i < 50; i++) {
        database.insert("Order", String.valueOf(i % 7), "while away");
      }
      // Then the relay says so, and does not give up
      await().atMost(PATIENCE).until(() -> !relay.stalledFor().isZero());
      assertThat(relay.state()).isInstanceOf(Leading.class);
    } finally {
      kafka.start();
    }
    // And when it is back, they come once, in order
    awaitPatiently().until(() -> topics.poll().size() >= 51);
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    await().until(() -> relay.stalledFor().isZero());
  }

  @ParameterizedTest
  @EnumSource(Engine.class)
  void aRestartedDatabaseIsGoneOnWith(Engine engine) {
    Relay relay = startRelay(Map.of("engine", engine.name(), "heartbeat-interval", "30s"));
    database.insert("Order", "1", "before");
    awaitPatiently().until(() -> topics.poll().size() == 1);
    // A server that shuts down waits for its streams to be confirmed or gone, and behind what the
    // relay has confirmed there is always something that the relay itself has written.
    awaitStandingSlot();
    database.server().stop();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Failed);
    assertThat(((Failed) relay.state()).failure().problem()).contains("cannot be reached");
    database.server().start();
    database.insert("Order", "1", "after");
    awaitPatiently().until(() -> Set.copyOf(topics.ids()).size() == 2);
    assertThat(topics.ids()).endsWith(database.eventIds().get(1));
  }

  @Test
  void aKilledDatabaseLosesAndReordersNothing() {
    startRelay();
    insertMany(3_000);
    awaitPatiently().until(() -> !topics.poll().isEmpty());
    database.server().kill();
    database.server().start();
    insertMany(3_000);
    awaitPatiently().until(() -> Set.copyOf(topics.ids()).size() == 6_000);
    topics
        .idsByKey()
        .forEach(
            (key, ids) ->
                assertThat(ids.stream().distinct().toList())
                    .isEqualTo(database.eventIdsByKey().get(key)));
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

  private static ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }

  private void awaitStandingSlot() {
    AtomicReference<String> before = new AtomicReference<>("");
    awaitPatiently()
        .during(Duration.ofSeconds(1))
        .until(
            () -> {
              String now = database.confirmedLsn();
              return now.equals(before.getAndSet(now));
            });
  }

  private Relay startRelay() {
    return startRelay(Map.of());
  }

  private Relay startRelay(Map<String, String> more) {
    Relay relay = newRelay(more);
    // A relay publishes what is committed after its slot was made.
    await()
        .atMost(PATIENCE)
        .until(() -> relay.state() instanceof Leading || relay.state() instanceof Standby);
    return relay;
  }

  private Relay newRelay(Map<String, String> more) {
    RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), more);
    registry = new SimpleMeterRegistry();
    Relay relay = new Relay(settings, new RelayMetrics(registry));
    relays.add(relay);
    relay.start();
    return relay;
  }

  private static void stopQuietly(Relay relay) {
    try {
      relay.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void insertMany(int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 20)::text, 'Many', '{}'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }

  private void limit(String topic, int bytes) {
    kafka.configureTopic(topic, "max.message.bytes", String.valueOf(bytes));
  }
}
