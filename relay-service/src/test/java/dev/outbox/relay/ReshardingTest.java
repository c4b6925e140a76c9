package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.control.ControlMessage.Release;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.slot.CommandLog;
import dev.outbox.relay.slot.Division;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.ShardChange;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.FollowingRelay;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The number of shards changes while events are written and relayed. */
@WithLocalStack
class ReshardingTest {

  private final List<FollowingRelay> instances = new ArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    use(postgres);
  }

  private void use(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
    kafka.createTopic(database.slot() + ".Order", 3);
  }

  @AfterEach
  void stop() {
    instances.forEach(FollowingRelay::close);
  }

  private RelaySettings settings(Map<String, String> more) {
    return TestSettings.of(database, kafka.bootstrapServers(), more);
  }

  private FollowingRelay start(Map<String, String> more) {
    FollowingRelay instance = new FollowingRelay(settings(more));
    instances.add(instance);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                instance.relay().parts().stream()
                    .allMatch(part -> part.relay().state() instanceof Leading));
    return instance;
  }

  /** With the relay's role, where the owner has made the publications. */
  private List<Step> divide(int shards, Map<String, String> more) throws InterruptedException {
    database.install(Map.of("shards", String.valueOf(shards)));
    return new Resharding(settings(more), ProgressListener.NONE).run(shards);
  }

  private void awaitPublished(int events) {
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= events);
  }

  @ParameterizedTest
  @CsvSource({"debezium,at-least-once", "pgoutput,at-least-once", "pgoutput,exactly-once"})
  void eachEventIsPublishedOnceAndInOrder(String engine, String delivery) throws Exception {
    Map<String, String> more = Map.of("engine", engine, "delivery", delivery);
    FollowingRelay instance = start(more);
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      for (int shards : List.of(3, 2, 1)) {
        awaitPublished(writer.written() + 50);
        List<Step> steps = divide(shards, more);
        assertThat(steps).extracting(Step::outcome).contains("created", "removed");
        assertThat(instance.relay().parts()).hasSize(shards);
        assertThat(division().now()).hasValue(shards);
      }
      awaitPublished(writer.written() + 50);
    }
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> Set.copyOf(topic.ids()).containsAll(database.eventIds()));
    assertThat(topic.idsByKey()).isEqualTo(database.eventIdsByKey());
    Map<String, List<ConsumerRecord<byte[], byte[]>>> byShard =
        topic.poll().stream().collect(Collectors.groupingBy(ReshardingTest::shardOf));
    assertThat(byShard).containsOnlyKeys("whole", "1of3", "2of3", "3of3", "1of2", "2of2");
    byShard.values().forEach(EventOrder::assertPositionsGrowAndStay);
    // And nothing is left that keeps the log
    assertThat(
            database.queryAll(
                "select slot_name from pg_replication_slots where slot_name like '%s%%'"
                    .formatted(database.slot())))
        .containsExactly(database.slot());
  }

  private Division division() {
    RelaySettings settings = settings(Map.of());
    return ShardChange.division(new SourceDatabase(settings), settings);
  }

  @Test
  void parkedEventsMoveWithTheirKeys() throws Exception {
    Map<String, String> small = Map.of("kafka.properties.max.request.size", "20000");
    FollowingRelay instance = start(small);
    for (int i = 0; i < 6; i++) {
      database.insert("Order", "key-" + i, "x".repeat(30_000));
    }
    ParkedEvents before = parked(small);
    await().atMost(PATIENCE).until(() -> before.list(false, 100).size() == 6);
    // When the outbox is divided
    divide(3, small);
    // Then what comes of these keys waits behind what is parked
    Map<String, String> divided = new HashMap<>(small);
    divided.put("shards", "3");
    ParkedEvents after = parked(divided);
    assertThat(after.list(false, 100)).hasSize(6);
    for (int i = 0; i < 6; i++) {
      database.insert("Order", "key-" + i, "y");
      database.insert("Order", "other-" + i, "z");
    }
    awaitPublished(6);
    await().atMost(PATIENCE).until(() -> after.list(false, 100).size() == 12);
    assertThat(topic.idsByKey().keySet()).allMatch(key -> key.startsWith("other"));
    // And when the limit is raised, all of it goes out in order
    instance.close();
    FollowingRelay unlimited = start(Map.of("shards", "3"));
    assertThat(parked(Map.of("shards", "3")).retryAll(Attribution.NONE, PATIENCE).carriedOut())
        .isTrue();
    awaitPublished(18);
    assertThat(unlimited.relay().parts()).hasSize(3);
    assertThat(topic.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  private ParkedEvents parked(Map<String, String> more) {
    RelaySettings settings = settings(more);
    return new ParkedEvents(new SourceDatabase(settings), settings, ProgressListener.NONE);
  }

  @Test
  void withoutARelayTheChangeWaitsAndGoesOnByItself() throws Exception {
    FollowingRelay instance = start(Map.of());
    database.insert("Order", "1", "before");
    awaitPublished(1);
    instance.close();
    // Given a change that nobody carries out, and events behind its marker
    CompletableFuture<List<Step>> change =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return divide(3, Map.of());
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                "1"
                    .equals(
                        database.query("select count(*) from outbox_relay where ends_at <> ''")));
    assertThat(division().now()).hasValue(1);
    assertThat(division().next()).hasValue(3);
    database.execute("update outbox_relay set epoch = epoch + 5000 where ends_at <> ''");
    for (int i = 0; i < 20; i++) {
      database.insert("Order", "key-" + i, "behind");
    }
    // Then it cannot be taken back any more, nor another one begun
    Resharding again = new Resharding(settings(Map.of()), ProgressListener.NONE);
    assertThatThrownBy(() -> again.run(1)).hasMessageContaining("its marker is in the log");
    assertThatThrownBy(() -> again.run(2))
        .hasMessageContaining("A change to 3 shards is under way");
    // And nothing can be asked of a shard that will not read it any more
    CommandLog log = new CommandLog(new SourceDatabase(settings(Map.of())), settings(Map.of()));
    assertThatThrownBy(() -> log.write(new Release("Order", "1")))
        .hasMessageContaining("number of shards is being changed");
    // And an instance that comes carries it out, whichever number it was started for
    FollowingRelay other = new FollowingRelay(settings(Map.of("shards", "2")));
    instances.add(other);
    assertThat(change.get()).isNotEmpty();
    awaitPublished(21);
    assertThat(other.relay().parts()).hasSize(3);
    // And positions grow also where the former shard has begun a later epoch meanwhile
    assertThat(positionsOf("1of3").first())
        .isGreaterThan(
            database.query(
                "select lpad(to_hex(epoch + 1), 8, '0') from outbox_relay where name !~ 'of3$'"));
    assertThat(topic.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  private TreeSet<String> positionsOf(String shard) {
    return topic.poll().stream()
        .filter(record -> shardOf(record).equals(shard))
        .map(record -> TopicReader.header(record, "outbox-position"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void noOtherChangeBeginsBeforeAllShardsHave() throws Exception {
    FollowingRelay instance = start(Map.of());
    instance.close();
    // Given a former shard that has ended, and new ones that have not begun
    RelaySettings now = settings(Map.of());
    database.install(Map.of("shards", "2"));
    ShardChange change = new ShardChange(new SourceDatabase(now), now, now.dividedInto(2));
    change.prepare();
    change.mark();
    database.execute("update outbox_relay set ended_at = now() where ends_at <> ''");
    assertThat(division().now()).hasValue(2);
    // Then their slots are the only ones that hold what was written since
    for (int other : List.of(1, 3)) {
      assertThatThrownBy(() -> divide(other, Map.of()))
          .hasMessageContaining("A change to 2 shards is under way");
    }
    assertThat(division().now()).hasValue(2);
    database.insert("Order", "1", "behind");
    start(Map.of());
    divide(2, Map.of());
    awaitPublished(1);
  }

  @Test
  void aChangeThatIsOnlyPreparedIsTakenBack() throws Exception {
    FollowingRelay unused = start(Map.of());
    database.insert("Order", "1", "before");
    awaitPublished(1);
    // Given new slots, and no marker
    RelaySettings now = settings(Map.of());
    database.install(Map.of("shards", "2"));
    new ShardChange(new SourceDatabase(now), now, now.dividedInto(2)).prepare();
    assertThat(division().next()).hasValue(2);
    // When it is taken back
    List<Step> steps = new Resharding(now, ProgressListener.NONE).run(1);
    // Then nothing has happened
    assertThat(steps).extracting(Step::outcome).contains("removed");
    assertThat(division().next()).isEmpty();
    database.insert("Order", "1", "after");
    awaitPublished(2);
    // And it can be begun again
    divide(2, Map.of());
    database.insert("Order", "1", "divided");
    awaitPublished(3);
    assertThat(topic.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  @Test
  void aCrashOfTheServerBringsNothingBackFromBeforeTheMarker(PostgresServer shared)
      throws Exception {
    database.close();
    topic.close();
    try (LocalPostgres server = LocalPostgres.builder().start()) {
      use(server);
      FollowingRelay instance = start(Map.of());
      // Given events that the only shard has published, also while the new ones had their slots
      try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
        awaitPublished(50);
        divide(2, Map.of());
        awaitPublished(writer.written() + 50);
      }
      Set<String> before = Set.copyOf(idsOf("whole"));
      // When the server forgets how far its slots were
      server.kill();
      server.start();
      database.insert("Order", "1", "after");
      await()
          .atMost(PATIENCE)
          .pollInSameThread()
          .until(() -> Set.copyOf(topic.ids()).containsAll(database.eventIds()));
      // Then none of those is published by the new shards
      assertThat(idsOf("1of2")).isNotEmpty().doesNotContainAnyElementsOf(before);
      assertThat(idsOf("2of2")).isNotEmpty().doesNotContainAnyElementsOf(before);
      EventOrder.assertKept(topic.idsByKey(), database.eventIdsByKey());
      instance.close();
    } finally {
      use(shared);
    }
  }

  private static String shardOf(ConsumerRecord<byte[], byte[]> record) {
    return record.headers().lastHeader("outbox-shard") == null
        ? "whole"
        : TopicReader.header(record, "outbox-shard");
  }

  private List<String> idsOf(String shard) {
    return topic.poll().stream()
        .filter(record -> shardOf(record).equals(shard))
        .map(record -> TopicReader.header(record, "id"))
        .toList();
  }

  @Test
  void whatCannotBeIsRefused() {
    FollowingRelay unused = start(Map.of());
    database.insert("Order", "1", "before");
    awaitPublished(1);
    Resharding resharding = new Resharding(settings(Map.of()), ProgressListener.NONE);
    assertThatThrownBy(() -> resharding.run(33))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("33");
    assertThatThrownBy(() -> resharding.run(0)).isInstanceOf(InvalidSettingsException.class);
    // And without the publications, which only the owner may make
    assertThatThrownBy(() -> resharding.run(2))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("init --without-slot");
    // And where somebody else has a slot of that name
    database.install(Map.of("shards", "2"));
    database.execute(
        "select pg_create_logical_replication_slot('%s_1of2', 'pgoutput')"
            .formatted(database.slot()));
    assertThatThrownBy(() -> resharding.run(2)).hasMessageContaining("and not this relay's");
    assertThatThrownBy(() -> resharding.run(2)).hasMessageContaining("and not this relay's");
    database.insert("Order", "1", "after");
    awaitPublished(2);
  }
}
