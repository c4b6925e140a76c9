package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** One worker with the packaged plugin, driven over REST as an operator does. */
@Tag("slow")
@WithLocalStack
class ConnectorIT {

  private static ConnectCluster connect;

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;
  private String connector;

  @BeforeAll
  static void startWorker(KafkaServer broker) {
    connect = ConnectCluster.start(broker, 1);
  }

  @AfterAll
  static void stopWorker() {
    connect.close();
  }

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = Outboxes.withSlot(postgres);
    connector = "outbox-" + database.slot();
    topics = new TopicReader(kafka.bootstrapServers(), database.slot() + ".");
  }

  @AfterEach
  void deleteConnector() {
    connect.delete("/connectors/" + connector);
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                "0"
                    .equals(
                        database.query(
                            "select count(*) from pg_replication_slots where active and database = '"
                                + database.slot()
                                + "'")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void recordsAreThoseOfTheRelay(String delivery) throws Exception {
    // Given two slots that stand at the same place, and two sets of topics
    String second = database.slot() + "_2";
    database.execute(
        "select pg_copy_logical_replication_slot('%s', '%s')".formatted(database.slot(), second));
    String here = database.slot() + ".here.";
    String there = database.slot() + ".there.";
    for (String prefix : List.of(here, there)) {
      kafka.createTopic(prefix + "Order", 3);
    }
    int events = writeAllSorts();
    // When the relay publishes what is in the first, and the connector what is in the second
    try (AutoCloseable running =
        Relays.leading(
            database,
            kafka,
            Map.of("engine", "pgoutput", "topic-template", here + "{aggregatetype}"))) {
      await().atMost(PATIENCE).until(() -> topics.poll().size() >= events);
    }
    database.execute(
        """
        update outbox_relay set slot = '%1$s', published_lsn =
          (select confirmed_flush_lsn from pg_replication_slots where slot_name = '%1$s')
        """
            .formatted(second));
    Map<String, String> more = Map.of("slot", second, "topic-template", there + "{aggregatetype}");
    connect.configure(connector, ConnectorSettingsOf.delivery(delivery, database, kafka, more));
    await().atMost(PATIENCE).until(() -> topics.poll().size() >= 2 * events);
    // Then they cannot be told from each other
    assertThat(records(there)).hasSize(events).isEqualTo(records(here));
  }

  /** Own headers, a tombstone, bytes that are no text, one transaction with several. */
  private int writeAllSorts() throws Exception {
    try (Connection writing = database.connect()) {
      writing.setAutoCommit(false);
      for (int i = 0; i < 20; i++) {
        var unused = OutboxDatabase.insert(writing, "Order", "key-" + i % 7, "payload " + i);
        if (i % 3 == 0) {
          writing.commit();
        }
      }
      writing.commit();
    }
    database.write(
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload, headers) values
          (gen_random_uuid(), 'Order', 'é', 'Cancelled', null, '{"own": "früh", "empty": ""}'),
          (gen_random_uuid(), 'Order', 'é', 'Bytes', '\\x00ff80', '{"content-type": "x/y"}')
        """);
    return 22;
  }

  private List<String> records(String prefix) {
    return topics.poll().stream()
        .filter(record -> record.topic().startsWith(prefix))
        .sorted(
            (a, b) ->
                a.partition() == b.partition()
                    ? Long.compare(a.offset(), b.offset())
                    : Integer.compare(a.partition(), b.partition()))
        .map(ConnectorIT::text)
        .toList();
  }

  private static String text(ConsumerRecord<byte[], byte[]> record) {
    StringBuilder text = new StringBuilder().append(record.partition());
    text.append(' ').append(Arrays.toString(record.key()));
    text.append(' ').append(Arrays.toString(record.value()));
    for (Header header : record.headers()) {
      text.append(' ').append(header.key()).append('=').append(Arrays.toString(header.value()));
    }
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void whatAnOperatorDoesLosesAndRepeatsNothing(String delivery) {
    Map<String, String> settings =
        ConnectorSettingsOf.delivery(delivery, database, kafka, Map.of());
    connect.configure(connector, settings);
    connect.awaitState(connector, "RUNNING");
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitMore(writer, 100);
      // Paused
      connect.put("/connectors/" + connector + "/pause", null);
      connect.awaitState(connector, "PAUSED");
      int paused = writer.written();
      await().atMost(PATIENCE).until(() -> writer.written() > paused + 200);
      assertThat(topics.poll().size()).isLessThan(writer.written());
      connect.put("/connectors/" + connector + "/resume", null);
      awaitMore(writer, 200);
      // Restarted
      connect.post("/connectors/" + connector + "/restart?includeTasks=true");
      awaitMore(writer, 200);
      // Given other settings
      settings.put("outbox.relay.in-flight-limit", "2MB");
      connect.configure(connector, settings);
      awaitMore(writer, 200);
      // Stopped, and begun again
      connect.put("/connectors/" + connector + "/stop", null);
      connect.awaitState(connector, "STOPPED");
      int stopped = writer.written();
      await().atMost(PATIENCE).until(() -> writer.written() > stopped + 200);
      connect.put("/connectors/" + connector + "/resume", null);
      awaitMore(writer, 200);
      int written = writer.stop();
      await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
    }
    connect.awaitState(connector, "RUNNING");
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  private void assertPromise(String delivery) {
    if (delivery.equals("exactly-once")) {
      assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    } else {
      EventOrder.assertKept(topics.idsByKey(), database.eventIdsByKey());
    }
  }

  /** Events that are not written yet, so that they tell of what is running now. */
  private void awaitMore(SteadyWriter writer, int events) {
    int due = writer.written() + events;
    await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= due);
  }

  @Test
  void offsetsTellThePositionOfTheLastEvent() {
    connect.configure(connector, ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of()));
    for (int i = 0; i < 5; i++) {
      database.insert("Order", "1", "event " + i);
    }
    await().atMost(PATIENCE).until(() -> topics.poll().size() >= 5);
    String last = TopicReader.header(topics.poll().get(4), "outbox-position");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode offset = connect.get("/connectors/" + connector + "/offsets").body();
              assertThat(offset.at("/offsets/0/offset/position").asString("")).isEqualTo(last);
              assertThat(offset.at("/offsets/0/partition/relay").asString(""))
                  .isEqualTo("test-" + database.slot());
            });
    // Taken away, and the slot rules
    connect.put("/connectors/" + connector + "/stop", null);
    connect.awaitState(connector, "STOPPED");
    assertThat(connect.delete("/connectors/" + connector + "/offsets").status()).isEqualTo(200);
    assertThat(connect.get("/connectors/" + connector + "/offsets").body().at("/offsets"))
        .isEmpty();
    connect.put("/connectors/" + connector + "/resume", null);
    database.insert("Order", "1", "behind");
    await().atMost(PATIENCE).until(() -> topics.poll().size() >= 6);
    assertThat(topics.ids()).isEqualTo(database.eventIds());
  }

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void whatKafkaRefusesIsSetAsideAndLetGo(String delivery) throws Exception {
    String topic = database.slot() + ".Order";
    kafka.createTopic(topic, 1);
    kafka.configureTopic(topic, "max.message.bytes", "10000");
    Map<String, String> settings =
        ConnectorSettingsOf.delivery(delivery, database, kafka, Map.of());
    connect.configure(connector, settings);
    List<String> ofPoison = new ArrayList<>();
    ofPoison.add(database.insert("Order", "poison", "before"));
    ofPoison.add(database.insert("Order", "poison", "x".repeat(20_000)));
    ofPoison.add(database.insert("Order", "poison", "behind"));
    String other = database.insert("Order", "other", "flows on");
    await().atMost(PATIENCE).until(() -> topics.ids().contains(other));
    assertThat(topics.ids()).containsExactly(ofPoison.get(0), other);
    assertThat(database.query("select count(*) from outbox_parked")).isEqualTo("2");
    // When there is room
    kafka.configureTopic(topic, "max.message.bytes", "1000000");
    RelaySettings relay = TestSettings.of(database, kafka.bootstrapServers(), Map.of());
    ParkedEvents.Retried retried =
        new ParkedEvents(new SourceDatabase(relay), relay, progress -> {})
            .retryAll(Attribution.NONE, PATIENCE);
    assertThat(retried.carriedOut()).isTrue();
    await().atMost(PATIENCE).until(() -> topics.poll().size() >= 4);
    Map<String, List<String>> expected = new HashMap<>();
    expected.put("poison", ofPoison);
    expected.put("other", List.of(other));
    assertThat(topics.idsByKey()).isEqualTo(expected);
    connect.awaitState(connector, "RUNNING");
  }

  @ParameterizedTest
  @ValueSource(strings = {"at-least-once", "exactly-once"})
  void aRunThatBreaksOffIsFollowedByTheNext(String delivery) {
    connect.configure(connector, ConnectorSettingsOf.delivery(delivery, database, kafka, Map.of()));
    connect.awaitState(connector, "RUNNING");
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      for (int i = 0; i < 5; i++) {
        awaitMore(writer, 100);
        database.execute(
            """
            select pg_terminate_backend(active_pid) from pg_replication_slots
            where slot_name = '%s' and active
            """
                .formatted(database.slot()));
      }
      awaitMore(writer, 100);
      int written = writer.stop();
      await().atMost(PATIENCE).until(() -> topics.ids().stream().distinct().count() >= written);
    }
    assertPromise(delivery);
    connect.awaitState(connector, "RUNNING");
  }
}
