package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From the writer with the log as medium to the topic, through the packaged relay. */
@WithLocalStack
@Tag("slow")
class LogMediumIT {

  private final JdbcOutbox outbox = JdbcOutbox.withLog("outbox_event");
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private Map<String, String> properties;

  @BeforeEach
  void initialise(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.create(postgres);
    database.roles().grantWithMessages();
    properties = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
    kafka.createTopic(database.slot() + ".Order", 1);
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
    try (RelayProcess init = RelayProcess.start(properties, List.of(), "init")) {
      assertThat(init.process().awaitExit(PATIENCE)).isZero();
    }
  }

  @Test
  void anEventWrittenToTheLogIsPublishedWithTheHeadersOfTheContract() throws Exception {
    // Given an event with everything, a tombstone, and an event that is rolled back
    UUID id = UUID.fromString("0197a000-0000-7000-8000-000000000001");
    append(
        List.of(
            OutboxEvent.of("Order", "ä-1", "Placed", new byte[] {0, -1, '\n'}, "application/x")
                .withId(id)
                .withHeader("ü", "é"),
            OutboxEvent.tombstone("Order", "ä-1", "Erased")));
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      outbox.writer(connection).append(OutboxEvent.of("Order", "ä-1", "RolledBack", "{}"));
      connection.rollback();
    }
    String row = database.insert("Order", "ä-1", "a row behind them");
    // When a relay runs
    try (RelayProcess relay = RelayProcess.run(properties)) {
      awaitPatiently().until(() -> topic.ids().contains(row));
      assertThat(relay.process().isAlive()).isTrue();
    }
    // Then what was committed stands on the topic, like rows
    assertThat(topic.poll()).hasSize(3);
    ConsumerRecord<byte[], byte[]> record = topic.poll().get(0);
    assertThat(new String(record.key(), UTF_8)).isEqualTo("ä-1");
    assertThat(record.value()).isEqualTo(new byte[] {0, -1, '\n'});
    Map<String, String> headers = new HashMap<>();
    record.headers().forEach(h -> headers.put(h.key(), new String(h.value(), UTF_8)));
    assertThat(headers)
        .containsEntry("id", id.toString())
        .containsEntry("ce_specversion", "1.0")
        .containsEntry("ce_id", id.toString())
        .containsEntry("ce_source", "test-" + database.slot())
        .containsEntry("ce_type", "Placed")
        .containsEntry("ce_subject", "ä-1")
        .containsEntry("content-type", "application/x")
        .containsEntry("ü", "é")
        .containsKeys("ce_time", "outbox-position")
        .hasSize(10);
    assertThat(topic.poll().get(1).value()).isNull();
    assertThat(TopicReader.header(topic.poll().get(1), "ce_type")).isEqualTo("Erased");
    // And nothing but the row is in the table
    assertThat(database.eventIds()).containsExactly(row);
  }

  @Test
  @Tag("long")
  void aKilledRelayRepeatsMessagesInOrderAndAtTheSamePositions() throws Exception {
    // Given one large transaction and small ones
    List<OutboxEvent> events =
        IntStream.range(0, 40_000)
            .mapToObj(i -> OutboxEvent.of("Order", "k" + i % 10, "Placed", "" + i))
            .toList();
    append(events.subList(0, 39_000));
    for (OutboxEvent event : events.subList(39_000, events.size())) {
      append(List.of(event));
    }
    List<String> written = events.stream().map(event -> event.id().toString()).toList();
    // When the relay is killed in the midst of the large one, twice
    for (int kill = 0; kill < 2; kill++) {
      int before = topic.poll().size();
      try (RelayProcess relay = RelayProcess.run(properties)) {
        awaitPatiently().until(() -> topic.poll().size() > before);
        assertThat(relay.process().isAlive()).isTrue();
        relay.process().sigkill();
      }
    }
    try (RelayProcess relay = RelayProcess.run(properties)) {
      awaitPatiently().until(() -> Set.copyOf(topic.ids()).size() == written.size());
      assertThat(relay.process().isAlive()).isTrue();
    }
    // Then nothing is missing, and nothing new stands before what was written earlier
    assertThat(topic.ids().stream().distinct().toList()).isEqualTo(written);
    assertThat(topic.poll()).as("with repeats").hasSizeGreaterThan(written.size());
    // And each event has one position, and positions grow in the order of writing
    Map<String, Set<String>> positions =
        topic.poll().stream()
            .collect(
                groupingBy(
                    record -> TopicReader.header(record, "id"),
                    mapping(record -> TopicReader.header(record, "outbox-position"), toSet())));
    assertThat(positions.values()).allMatch(position -> position.size() == 1);
    assertThat(
            positions.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getValue().iterator().next()))
                .map(Map.Entry::getKey)
                .toList())
        .isEqualTo(written);
  }

  private void append(List<OutboxEvent> events) throws SQLException {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      outbox.writer(connection).append(events);
      connection.commit();
    }
  }

  private static ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }
}
