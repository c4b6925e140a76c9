package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.Audit;
import dev.outbox.relay.operations.AuditRange;
import dev.outbox.relay.operations.AuditReport;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.operations.RelayStatus;
import dev.outbox.relay.operations.Replays;
import dev.outbox.relay.operations.StatusLook;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An outbox in four shards, and instances that share them. */
@WithLocalStack
class ShardsTest {

  private static final int SHARDS = 4;

  private final List<ShardedRelay> relays = new ArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.createUninitialised(postgres);
    database.install(shards());
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
    kafka.createTopic(database.slot() + ".Order", 3);
  }

  @AfterEach
  void stop() throws InterruptedException {
    for (ShardedRelay relay : relays) {
      relay.stop();
    }
  }

  private static Map<String, String> shards() {
    return Map.of("shards", String.valueOf(SHARDS));
  }

  private RelaySettings settings(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(shards());
    all.putAll(more);
    return TestSettings.of(database, kafka.bootstrapServers(), all);
  }

  private ShardedRelay start(Map<String, String> more) {
    ShardedRelay relay = new ShardedRelay(settings(more), new SimpleMeterRegistry());
    relays.add(relay);
    relay.start();
    return relay;
  }

  private static Set<Integer> led(ShardedRelay relay) {
    return relay.parts().stream()
        .filter(part -> part.relay().state() instanceof Leading)
        .map(part -> part.settings().shard().index())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private void awaitLed(ShardedRelay relay, int shards) {
    await().atMost(PATIENCE).until(() -> led(relay).size() == shards);
  }

  @ParameterizedTest
  @CsvSource({"debezium,at-least-once", "pgoutput,at-least-once", "pgoutput,exactly-once"})
  void eachEventIsPublishedByOneShardInOrder(String engine, String delivery) throws Exception {
    database.roles().grantWithMessages();
    awaitLed(start(Map.of("engine", engine, "delivery", delivery)), SHARDS);
    // When rows and messages of many aggregates are written, in transactions of several shards
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < 300; i++) {
        OutboxDatabase.insert(connection, "Order", "row-" + i % 20, "a");
        OutboxDatabase.insert(connection, "Order", "row-" + (i * 7) % 20, "b");
        OutboxDatabase.emit(connection, "Order", "message-" + i % 20, null);
        connection.commit();
      }
    }
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= 900);
    // Then each is there once, the events of an aggregate in order
    assertThat(topic.ids()).hasSize(900).doesNotHaveDuplicates();
    Map<String, List<String>> rows = new HashMap<>(topic.idsByKey());
    rows.keySet().removeIf(key -> key.startsWith("message"));
    EventOrder.assertKept(rows, database.eventIdsByKey());
    assertPositionsGrowInEachShard(topic.poll());
    // And shards have published a share of their own each
    Map<String, Set<String>> keys =
        topic.poll().stream()
            .collect(
                Collectors.groupingBy(
                    record -> TopicReader.header(record, "outbox-shard"),
                    Collectors.mapping(
                        record -> new String(record.key(), UTF_8), Collectors.toSet())));
    assertThat(keys).containsOnlyKeys("1of4", "2of4", "3of4", "4of4");
    assertThat(keys.values().stream().mapToInt(Set::size).sum()).isEqualTo(40);
    assertThat(topic.poll())
        .allSatisfy(
            record ->
                assertThat(TopicReader.header(record, "ce_source"))
                    .isEqualTo("test-" + database.slot()));
  }

  private static void assertPositionsGrowInEachShard(List<ConsumerRecord<byte[], byte[]>> records) {
    records.stream()
        .collect(Collectors.groupingBy(record -> TopicReader.header(record, "outbox-shard")))
        .values()
        .forEach(EventOrder::assertPositionsGrowAndStay);
  }

  @Test
  @Tag("slow")
  void instancesShareFairlyAndMoveOnlyWhatMustMove() throws Exception {
    // Debezium's metrics bear the slot's name, and all instances are in one JVM here.
    Map<String, String> engine = Map.of("engine", "pgoutput");
    ShardedRelay first = start(engine);
    awaitLed(first, SHARDS);
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      // When a second one comes, it gets half
      ShardedRelay second = start(engine);
      awaitLed(second, 2);
      awaitLed(first, 2);
      Set<Integer> kept = led(first);
      // And a third one
      ShardedRelay third = start(engine);
      awaitLed(third, 1);
      // When the second one goes, the others have all of it
      second.stop();
      relays.remove(second);
      await().atMost(PATIENCE).until(() -> led(first).size() + led(third).size() == SHARDS);
      await().atMost(PATIENCE).until(() -> led(first).size() == 2 && led(third).size() == 2);
      assertThat(led(first)).containsAnyElementsOf(kept);
      long written = writer.written() + 100;
      await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= written);
    }
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> Set.copyOf(topic.ids()).size() == database.eventIds().size());
    EventOrder.assertKept(topic.idsByKey(), database.eventIdsByKey());
    assertPositionsGrowInEachShard(topic.poll());
  }

  @Test
  void operatorsAskAllShards() throws Exception {
    // Given events of several shards that cannot be published, and others
    RelaySettings settings =
        settings(Map.of("kafka.properties.max.request.size", "20000", "retention", "0"));
    ShardedRelay relay = start(Map.of("kafka.properties.max.request.size", "20000"));
    awaitLed(relay, SHARDS);
    for (int i = 0; i < 12; i++) {
      database.insert("Order", "poison-" + i, "x".repeat(30_000));
      database.insert("Order", "good-" + i, "y");
    }
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() == 12);
    SourceDatabase source = new SourceDatabase(settings);
    ParkedEvents parked = new ParkedEvents(source, settings, ProgressListener.NONE);
    await().atMost(PATIENCE).until(() -> parked.list(false, 100).size() == 12);
    assertThat(parked.list(false, 5)).hasSize(5);
    // When one is discarded, it is the one
    Listed chosen = parked.list(false, 100).get(7);
    assertThat(parked.find(chosen.position())).isEqualTo(chosen);
    assertThat(
            parked
                .discard(chosen.position(), new Attribution("test", "too large"), PATIENCE)
                .carriedOut())
        .isTrue();
    assertThat(parked.find(String.valueOf(chosen.id())).state()).isEqualTo("discarded");
    // And the others are tried again in vain
    ParkedEvents.Retried retried = parked.retryAll(Attribution.NONE, PATIENCE);
    assertThat(retried.keys()).isEqualTo(11);
    assertThat(retried.carriedOut()).isTrue();
    assertThat(retried.stillParked()).isEqualTo(11);
    // And the audit finds everything
    AuditReport report =
        new Audit(source, settings, PATIENCE, ProgressListener.NONE).run(AuditRange.ALL);
    assertThat(report.isSound()).isTrue();
    assertThat(report.published()).isEqualTo(12);
    assertThat(report.parked()).isEqualTo(11);
    assertThat(report.discarded()).isEqualTo(1);
    // And a replay publishes each row once
    Replays replays = new Replays(source, settings, ProgressListener.NONE);
    Selection all = new Selection(List.of(), null, null, null, null);
    Replays.Plan plan = replays.plan(all, null);
    assertThat(plan.rows()).isEqualTo(24);
    assertThat(plan.held()).isEqualTo(11);
    assertThat(replays.awaitCarriedOut(replays.write(plan, Attribution.NONE), PATIENCE)).isTrue();
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= 24);
    assertThat(topic.ids()).hasSize(24);
    // And the status tells of all
    try (StatusLook look = new StatusLook(settings)) {
      assertThat(look.now())
          .extracting(RelayStatus::slot)
          .containsExactlyElementsOf(
              settings.eachShard().stream().map(RelaySettings::slot).toList());
    }
  }

  @Test
  void aShardRecoversFromTheTableWhatItsOwnSlotHasLost() throws Exception {
    ShardedRelay relay =
        start(Map.of("heartbeat-interval", "200ms", "slot-levels.warning-lag-time", "1m"));
    awaitLed(relay, SHARDS);
    for (int i = 0; i < 40; i++) {
      database.insert("Order", "before-" + i, "x");
    }
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() == 40);
    awaitCheckpoints();
    // Given a slot that is gone while the relay is away
    relay.stop();
    relays.remove(relay);
    String lost = settings(Map.of()).eachShard().get(1).slot();
    for (int i = 0; i < 40; i++) {
      database.insert("Order", "after-" + i, "x");
    }
    database.execute("select pg_drop_replication_slot('%s')".formatted(lost));
    // When it comes back
    awaitLed(start(Map.of()), SHARDS);
    // Then everything is there once
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= 80);
    assertThat(topic.ids()).hasSize(80).doesNotHaveDuplicates();
    assertPositionsGrowInEachShard(topic.poll());
  }

  /** Without one a relay does not know where to begin to look. */
  private void awaitCheckpoints() {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                String.valueOf(SHARDS)
                    .equals(database.query("select count(*) from outbox_relay where floor >= 40")));
  }

  @Test
  void anotherNumberOfShardsIsRefused() {
    awaitLed(start(Map.of()), SHARDS);
    for (String other : List.of("1", "2")) {
      assertThatThrownBy(() -> new Installation(settings(Map.of("shards", other))).run(false))
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("is in 4 shards")
          .hasMessageContaining("outbox.relay.shards is " + other);
    }
  }

  @Test
  void aGapIsAcceptedOfItsShardAlone() throws Exception {
    ShardedRelay relay = start(Map.of());
    awaitLed(relay, SHARDS);
    relay.stop();
    relays.remove(relay);
    RelaySettings second = settings(Map.of()).eachShard().get(1);
    List<String> before = epochs();
    // Given one slot that is gone
    database.execute("select pg_drop_replication_slot('%s')".formatted(second.slot()));
    // When an operator accepts that
    new Installation(settings(Map.of())).run(true);
    // Then the other shards know nothing of it
    List<String> after = epochs();
    assertThat(after.get(1)).isGreaterThan(before.get(1));
    assertThat(List.of(after.get(0), after.get(2), after.get(3)))
        .isEqualTo(List.of(before.get(0), before.get(2), before.get(3)));
  }

  private List<String> epochs() {
    return database.queryAll("select epoch || ' ' || runs from outbox_relay order by name");
  }

  @Test
  void noShardIsPublishedBeforeAllHaveASlot() {
    new Installation(settings(Map.of())).run(false);
    database.execute(
        "delete from outbox_relay where name = '%s'"
            .formatted(settings(Map.of()).eachShard().get(3).name()));
    ShardedRelay relay = start(Map.of("auto-init", "false"));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(relay.parts())
                    .allSatisfy(
                        part -> {
                          RelayState state = part.relay().state();
                          assertThat(state).isInstanceOf(RelayState.Failed.class);
                          assertThat(((RelayState.Failed) state).failure().problem())
                              .contains("has not been initialised");
                        }));
    // And with the last one all begin
    new Installation(settings(Map.of())).run(false);
    awaitLed(relay, SHARDS);
  }

  @Test
  void aPublicationWithAnotherFilterIsAGap() {
    ShardedRelay relay = start(Map.of("on-gap", "refuse"));
    awaitLed(relay, SHARDS);
    String publication = settings(Map.of()).eachShard().get(2).publication();
    database.execute(
        "alter publication %s set table outbox_event (id, aggregatetype, aggregateid, type, payload, headers) where (true)"
            .formatted(publication));
    await()
        .atMost(PATIENCE)
        .until(() -> relay.parts().get(2).relay().state() instanceof RelayState.Failed);
    // And the others go on
    assertThat(led(relay)).containsExactly(1, 2, 4);
  }
}
