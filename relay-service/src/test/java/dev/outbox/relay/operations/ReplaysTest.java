package dev.outbox.relay.operations;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.Replays.Plan;
import dev.outbox.relay.operations.Replays.Span;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Replays from the command to the topic. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
class ReplaysTest {

  private static final Selection ORDERS = new Selection(List.of(), "Order", null, null, null);

  private final List<String> said = new CopyOnWriteArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;
  private RelaySettings settings;
  private Replays replays;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
    settings = TestSettings.of(database, kafka.bootstrapServers(), Map.of());
    replays =
        new Replays(
            new SourceDatabase(settings), settings, progress -> said.add(progress.asText()));
  }

  @Test
  void rowsComeAgainInOrderMarkedAndAtPositionsBeyondAllBefore() throws Exception {
    try (AutoCloseable relay = relay()) {
      for (int i = 0; i < 20; i++) {
        database.insert("Order", String.valueOf(i % 3), "x");
        database.insert("Invoice", "1", "not asked for");
      }
      Plan plan = replays.plan(ORDERS, null);
      assertThat(plan.rows()).isEqualTo(20);
      publish(plan);
      String behind = database.insert("Order", "1", "behind it");
      await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().contains(behind));
      await().atMost(PATIENCE).pollInSameThread().until(() -> topics.poll().size() == 61);
      // Then they are marked, in order, and positions grow over all of it
      List<ConsumerRecord<byte[], byte[]>> replayed =
          topics.poll().stream().filter(record -> replay(record) != null).toList();
      assertThat(replayed).hasSize(20);
      assertThat(replayed).extracting(ReplaysTest::replay).containsOnly(replay(replayed.get(0)));
      AuditReport report = audit();
      assertThat(report.replayed()).isEqualTo(20);
      assertThat(report.duplicated().count()).isZero();
      assertPositionsGrow(topics.poll());
    }
  }

  @Test
  void anotherTopicGetsTheRowsAndTheirOwnDoesNot() throws Exception {
    String other = database.slot() + ".other";
    assertThatThrownBy(() -> replays.plan(ORDERS, other))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("does not exist");
    kafka.createTopic(other, 1);
    try (AutoCloseable relay = relay()) {
      String first = database.insert("Order", "1", "x");
      String second = database.insert("Order", "2", "x");
      publish(replays.plan(ORDERS, other));
      await().atMost(PATIENCE).pollInSameThread().until(() -> topics.poll().size() == 4);
      assertThat(topics.poll())
          .filteredOn(record -> record.topic().equals(other))
          .extracting(record -> TopicReader.header(record, "id"))
          .containsExactly(first, second);
    }
  }

  @Test
  void aTransactionThatIsStillWritingIsWaitedFor() throws Exception {
    try (AutoCloseable relay = relay();
        Connection writer = database.connect()) {
      // Given a row with a low number that is committed later than one with a higher number
      writer.setAutoCommit(false);
      String late = OutboxDatabase.insert(writer, "Order", "1", "late");
      String early = database.insert("Order", "1", "early");
      AtomicBoolean committed = new AtomicBoolean();
      CompletableFuture<Boolean> planned =
          CompletableFuture.supplyAsync(
              () -> {
                assertThat(plan().rows()).isEqualTo(2);
                return committed.get();
              });
      await()
          .atMost(PATIENCE)
          .until(() -> said.stream().anyMatch(line -> line.contains("0 of 1 transactions")));
      committed.set(true);
      writer.commit();
      // Then the plan was made after that, and has both
      assertThat(planned.get()).isTrue();
      assertThat(database.eventIds()).containsExactly(late, early);
    }
  }

  private Plan plan() {
    try {
      return replays.plan(ORDERS, null);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void rowsThatWouldOvertakeParkedEventsAreLeftOut() throws Exception {
    try (AutoCloseable relay =
        Relays.leading(database, kafka, Map.of("kafka.properties.max.request.size", "10000"))) {
      // Given a key with a published event and a parked one
      String published = database.insert("Order", "held", "x");
      String parked = database.insert("Order", "held", "x".repeat(20_000));
      String free = database.insert("Order", "free", "x");
      await()
          .atMost(PATIENCE)
          .until(() -> parked.equals(database.query("select id from outbox_parked")));
      // When all rows are replayed
      Plan plan = replays.plan(ORDERS, null);
      assertThat(plan.rows()).isEqualTo(3);
      assertThat(plan.held()).isEqualTo(2);
      publish(plan);
      // Then only the other key's event comes
      await().atMost(PATIENCE).pollInSameThread().until(() -> topics.poll().size() >= 3);
      assertThat(topics.poll())
          .filteredOn(record -> replay(record) != null)
          .extracting(record -> TopicReader.header(record, "id"))
          .containsExactly(free);
      // And asking for nothing but the held key is refused
      assertThatThrownBy(
              () ->
                  replays.plan(
                      new Selection(List.of(UUID.fromString(published)), null, null, null, null),
                      null))
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("parked retry");
    }
  }

  @Test
  void numbersThatLieFarApartBecomeSeveralCommands() throws Exception {
    for (long seq : new long[] {1, 2, 250_000, 20_000_000_000L}) {
      database.execute(
          """
          insert into outbox_event(seq, id, aggregatetype, aggregateid, type)
          overriding system value values (%d, gen_random_uuid(), 'Order', '1', 'x')
          """
              .formatted(seq));
    }
    assertThat(replays.plan(ORDERS, null).spans())
        .containsExactly(
            new Span(1, 2, 2, 0),
            new Span(250_000, 250_000, 1, 0),
            new Span(20_000_000_000L, 20_000_000_000L, 1, 0));
  }

  private AutoCloseable relay() {
    return Relays.leading(database, kafka, Map.of());
  }

  private void publish(Plan plan) throws InterruptedException {
    assertThat(replays.awaitCarriedOut(replays.write(plan, Attribution.NONE), PATIENCE)).isTrue();
  }

  private AuditReport audit() throws InterruptedException {
    AuditReport report =
        new Audit(new SourceDatabase(settings), settings, PATIENCE, said -> {}).run(AuditRange.ALL);
    assertThat(report.isSound()).as(report.asText()).isTrue();
    return report;
  }

  private static @Nullable String replay(ConsumerRecord<byte[], byte[]> record) {
    var header = record.headers().lastHeader("outbox-replay");
    return header == null ? null : new String(header.value(), UTF_8);
  }

  private static void assertPositionsGrow(List<ConsumerRecord<byte[], byte[]>> records) {
    Map<String, List<String>> byPartition = new HashMap<>();
    records.forEach(
        record ->
            byPartition
                .computeIfAbsent(record.topic() + record.partition(), any -> new ArrayList<>())
                .add(TopicReader.header(record, "outbox-position")));
    byPartition
        .values()
        .forEach(positions -> assertThat(positions).isSorted().doesNotHaveDuplicates());
  }
}
