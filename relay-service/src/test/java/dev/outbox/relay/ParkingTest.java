package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.parking.Key;
import dev.outbox.relay.parking.ParkedEvent;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.slot.Preflight;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Events that Kafka will never take, in either delivery mode. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"at-least-once", "exactly-once"})
class ParkingTest {

  private static final int LIMIT = 2_000;

  @Parameter private String delivery = "";

  private final List<Relay> relays = new ArrayList<>();
  private final RelayMetrics metrics = new RelayMetrics(new SimpleMeterRegistry());
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
    kafka.createTopic(topic("Order"), 2);
    limit(LIMIT);
  }

  @AfterEach
  void stopRelays() throws InterruptedException {
    for (Relay relay : relays) {
      relay.stop();
    }
  }

  @Test
  void aRejectedEventIsParkedWithThoseBehindItAndOtherKeysFlowOn() {
    startRelay(Map.of());
    String before = database.insert("Order", "1", "small");
    String large = database.insert("Order", "1", "x".repeat(5_000));
    String behind = database.insert("Order", "1", "small");
    String other = database.insert("Order", "2", "small");
    String otherTopic = database.insert("Invoice", "1", "small");
    String behindToo = database.insert("Order", "1", "small");
    awaitParked(3);
    awaitPatiently().until(() -> topics.ids().size() == 3);
    assertThat(topics.ids()).containsExactlyInAnyOrder(before, other, otherTopic);
    List<Listed> parked = parked();
    assertThat(parked).extracting(Listed::id).containsExactly(large, behind, behindToo);
    assertThat(parked).extracting(Listed::attempts).containsExactly(1, 0, 0);
    assertThat(parked.get(0).reason()).contains("too large").contains(topic("Order"));
    assertThat(parked.get(0).stage()).isEqualTo("PUBLISHING");
    awaitConfirmed();
  }

  @Test
  void whatStandsBesideARejectedEventInItsTransactionAndBatchIsPublishedInOrder() {
    startRelay(Map.of());
    // One transaction, several keys, the large one in its midst
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i % 5)::text, 'Mixed',
          repeat('x', case when i = 502 then 5000 else 10 end)::bytea
        from generate_series(1, 1000) i
        """);
    awaitParked(100);
    awaitPatiently().until(() -> topics.ids().size() >= 900);
    assertThat(topics.ids()).doesNotHaveDuplicates().hasSize(900);
    Map<String, List<String>> rows = database.eventIdsByKey();
    List<String> poisoned = rows.getOrDefault("2", List.of());
    for (String key : List.of("0", "1", "3", "4")) {
      assertThat(topics.idsByKey().get(key)).isEqualTo(rows.get(key));
    }
    assertThat(topics.idsByKey().get("2")).isEqualTo(poisoned.subList(0, 100));
    assertThat(parked()).extracting(Listed::id).isEqualTo(poisoned.subList(100, 200));
  }

  @Test
  void aRetriedKeyGoesOutInOrderAndThenFlows() {
    startRelay(Map.of());
    String published = database.insert("Order", "1", "small");
    database.insert("Order", "1", "x".repeat(5_000));
    database.insert("Order", "1", "small");
    awaitParked(2);
    // Refused again as long as the cause is there
    send(new ControlMessage.Release("Order", "1"));
    awaitPatiently().until(() -> parked().get(0).attempts() == 2);
    database.insert("Order", "1", "arrives in between");
    awaitParked(3);
    limit(1_000_000);
    send(new ControlMessage.Release("Order", "1"));
    awaitParked(0);
    // What waits is counted from what was committed last, not from what was parked long before
    assertThat(metrics.lastPublished()).contains(published);
    database.insert("Order", "1", "flows");
    awaitPatiently().until(() -> topics.ids().size() >= 5);
    assertThat(topics.ids()).isEqualTo(database.eventIds());
    assertPositionsGrow();
  }

  @Test
  void aDiscardIsRecordedAndLetsTheRestOfTheKeyGo() {
    startRelay(Map.of());
    String poison = database.insert("Order", "1", "x".repeat(5_000));
    String behind = database.insert("Order", "1", "small");
    awaitParked(2);
    send(new ControlMessage.Discard(parked().get(0).position(), "test order"));
    awaitParked(1);
    send(new ControlMessage.Release("Order", "1"));
    awaitParked(0);
    String flows = database.insert("Order", "1", "flows");
    awaitPatiently().until(() -> topics.ids().size() >= 2);
    assertThat(topics.ids()).containsExactly(behind, flows);
    Listed discarded = sourceDatabase().call(sql -> table().find(sql, poison)).orElseThrow();
    assertThat(discarded.state()).isEqualTo("discarded");
    assertThat(discarded.note()).isEqualTo("test order");
  }

  @Test
  void whatWasDiscardedBeforeACrashIsNotPublishedWhenItIsReadAgain() throws Exception {
    Relay relay = startRelay(Map.of());
    awaitConfirmed();
    relay.stop();
    // Given an event that was parked and discarded by a run that could not confirm it any more
    String discarded = database.insert("Order", "1", "small");
    SlotStart slot = ((Ready) new Preflight(sourceDatabase(), settings(Map.of())).check()).start();
    SourcePosition position = new SourcePosition(slot.epoch(), slot.confirmedLsn(), 0);
    ParkingLot before =
        new ParkingLot(sourceDatabase(), settings(Map.of()), sql -> {}, this::topic);
    before.park(
        new Key(topic("Order"), "1"),
        new ParkedEvent(
            position,
            discarded,
            "Order",
            "1",
            "Happened",
            null,
            null,
            Instant.now(),
            Stage.PUBLISHING,
            "refused",
            1),
        () -> {});
    assertThat(before.discard(position, position.within(1), "test order")).isTrue();
    // When a new run reads it again
    startRelay(Map.of());
    String after = database.insert("Order", "1", "small");
    awaitPatiently().until(() -> topics.ids().contains(after));
    // Then it stays discarded
    assertThat(topics.ids()).containsExactly(after);
  }

  @Test
  void rowsThatAreNoRecordsAreParked() {
    database.execute("alter table outbox_event alter type drop not null");
    startRelay(Map.of());
    String name = database.insert("no topic ä", "1", "secret");
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload, headers)
        values (gen_random_uuid(), 'Order', '7', 'Placed', 'secret', 'no json: secret')
        """);
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, payload)
        values (gen_random_uuid(), 'Order', '8', 'secret')
        """);
    String behind = database.insert("Order", "8", "waits");
    String good = database.insert("Order", "9", "flows");
    awaitParked(4);
    awaitPatiently().until(() -> topics.ids().contains(good));
    assertThat(topics.ids()).containsExactly(good);
    List<Listed> parked = parked();
    assertThat(parked)
        .extracting(Listed::stage)
        .containsExactly("ROUTING", "ROUTING", "SOURCE", "PARKING");
    assertThat(parked.get(0).id()).isEqualTo(name);
    assertThat(parked.get(3).id()).isEqualTo(behind);
    assertThat(parked).allSatisfy(event -> assertThat(event.reason()).doesNotContain("secret"));
    // What has no type can only be discarded
    send(new ControlMessage.Release("Order", "8"));
    awaitPatiently().until(() -> parked().get(2).attempts() == 2);
    send(new ControlMessage.Discard(parked().get(2).position(), "no type"));
    send(new ControlMessage.Release("Order", "8"));
    awaitPatiently().until(() -> topics.ids().contains(behind));
  }

  /** Poison before which and behind which something stands in the same transaction. */
  private void insertAroundPoison() {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', i::text, 'Mixed',
          repeat('x', case when i = 2 then 5000 else 10 end)::bytea
        from generate_series(1, 4) i
        """);
  }

  private static void awaitHalted(Relay relay, String problem) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                relay.state() instanceof Failed failed
                    && failed.attempt() > 1
                    && failed.failure().problem().contains(problem));
  }

  @Test
  void haltingLosesNothingOfWhatStandsBehindTheEvent() {
    Relay relay = startRelay(Map.of("poison", "halt"));
    insertAroundPoison();
    awaitHalted(relay, "too large");
    limit(1_000_000);
    awaitPatiently().until(() -> topics.ids().containsAll(database.eventIds()));
    if (delivery.equals("exactly-once")) {
      assertThat(topics.ids()).doesNotHaveDuplicates();
    }
  }

  @Test
  void theLimitLosesNothingOfWhatStandsBehindTheEvent() throws Exception {
    Relay relay = startRelay(Map.of("parking.limit", "1"));
    database.insert("Order", "0", "x".repeat(5_000));
    awaitParked(1);
    insertAroundPoison();
    awaitHalted(relay, "outbox.relay.parking.limit");
    relay.stop();
    limit(1_000_000);
    startRelay(Map.of());
    send(new ControlMessage.Release("Order", "0"));
    awaitPatiently().until(() -> topics.ids().containsAll(database.eventIds()));
  }

  @Test
  void theLimitHaltsInsteadOfFillingTheTable() throws Exception {
    Relay relay = startRelay(Map.of("parking.limit", "3"));
    database.insert("Order", "1", "x".repeat(5_000));
    for (int i = 0; i < 5; i++) {
      database.insert("Order", "1", "small");
    }
    String other = database.insert("Order", "2", "small");
    awaitHalted(relay, "outbox.relay.parking.limit");
    assertThat(parked()).hasSize(3);
    // The other key may have been under way with the poison.
    assertThat(topics.idsByKey()).doesNotContainKey("1");
    relay.stop();
    limit(1_000_000);
    startRelay(Map.of("parking.limit", "30"));
    awaitParked(6);
    send(new ControlMessage.Release("Order", "1"));
    awaitPatiently().until(() -> topics.ids().containsAll(database.eventIds()));
    List<String> rows = new ArrayList<>(database.eventIds());
    rows.remove(other);
    assertThat(topics.idsByKey().get("1")).isEqualTo(rows);
  }

  private Relay startRelay(Map<String, String> more) {
    Relay relay = new Relay(settings(more), metrics);
    relays.add(relay);
    relay.start();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    return relay;
  }

  private RelaySettings settings(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("delivery", delivery);
    return TestSettings.of(database, kafka.bootstrapServers(), all);
  }

  private String topic(String aggregateType) {
    return database.slot() + "." + aggregateType;
  }

  private SourceDatabase sourceDatabase() {
    return new SourceDatabase(settings(Map.of()));
  }

  private ParkedTable table() {
    return new ParkedTable(settings(Map.of()));
  }

  private List<Listed> parked() {
    return sourceDatabase().call(sql -> table().list(sql, false, 10_000));
  }

  private void awaitParked(int events) {
    awaitPatiently().until(() -> parked().size() == events);
  }

  private void send(ControlMessage command) {
    sourceDatabase().call(sql -> new ControlLog("test-" + database.slot()).write(sql, command));
  }

  /** Everything written so far is dealt with. */
  private void awaitConfirmed() {
    String now = database.query("select pg_logical_emit_message(true, 'outbox.heartbeat', 'test')");
    awaitPatiently()
        .until(
            () ->
                "t"
                    .equals(
                        database.query(
                            "select '%s'::pg_lsn >= '%s'::pg_lsn"
                                .formatted(database.confirmedLsn(), now))));
  }

  private void assertPositionsGrow() {
    Map<TopicPartition, String> last = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      String position = TopicReader.header(record, "outbox-position");
      String before = last.put(new TopicPartition(record.topic(), record.partition()), position);
      assertThat(before == null || before.compareTo(position) < 0)
          .as("%s after %s", position, before)
          .isTrue();
    }
  }

  private void limit(int bytes) {
    kafka.configureTopic(topic("Order"), "max.message.bytes", String.valueOf(bytes));
  }

  private ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }
}
