package dev.outbox.relay.migration;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxRunnerBuilder;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From Debezium's connector with its outbox event router, in a worker of Kafka Connect. */
@Tag("slow")
class FromDebeziumIT extends MigrationTestBase {

  /** The relay's name, which is the source of its events. */
  private static final Map<String, String> RELAY = Map.of("name", "orders", "auto-init", "false");

  private static final UUID ACROSS = UUID.randomUUID();
  private static final UUID BEFORE = UUID.randomUUID();

  @BeforeEach
  void createOldTable() {
    Writers.prepare(database);
    database.execute(guide("debezium: the table"));
    database.execute("grant select, insert, delete on outboxevent to " + Writers.ROLE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"all_tables", "filtered"})
  void theSwitchLosesAndRepeatsNothingWhileServicesWrite(
      String publicationMode, @TempDir Path temporary) throws Exception {
    // Given services that write to Debezium's table, and a consumer that expects the relay
    InboxRunnerBuilder shipping =
        InboxRunner.builder().consumer("shipping").sourceWhenMissing("orders");
    try (ConnectWorker debezium = ConnectWorker.start(kafka.bootstrapServers(), temporary);
        AppliedEvents applied =
            AppliedEvents.of(shipping, postgres, kafka.bootstrapServers(), topic)) {
      Map<String, String> connector = connector(publicationMode);
      debezium.configure(connector);
      await().atMost(PATIENCE).until(() -> isStreaming(debezium));
      try (Writers writers = Writers.start(database, FromDebeziumIT::writeAndDelete)) {
        await().atMost(PATIENCE).until(() -> topics.poll().size() > 100);
        // When it is done as the guide says
        guide("debezium: connector").lines().forEach(line -> set(connector, line));
        debezium.configure(connector);
        database.createTable();
        database.install();
        RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), RELAY);
        new Initialization(new SourceDatabase(settings), settings).run(false);
        // (with a connector that is behind)
        debezium.stopConnector();
        awaitEvents(writers, 100);
        switchAmidTransactions();
        awaitEvents(writers, 100);
        assertThat(unconfirmed()).isGreaterThan(100);
        debezium.resumeConnector();
        awaitThatDebeziumHasFinished(debezium);
        try (AutoCloseable relay = Relays.leading(database, kafka, RELAY)) {
          database.execute(guide("debezium: clean up"));
          awaitEvents(writers, 100);
          Map<String, List<String>> committed = new HashMap<>(writers.stop());
          committed.put("across", List.of(ACROSS.toString()));
          committed.put("before", List.of(BEFORE.toString()));
          int events = committed.values().stream().mapToInt(List::size).sum();
          // Then each event is there once, and those of an aggregate in order
          await().atMost(PATIENCE).until(() -> topics.poll().size() >= events);
          assertThat(topics.idsByKey()).isEqualTo(committed);
          assertRecordsAreAlike();
          // And the consumer has applied each, and recognised no repeat
          await().atMost(PATIENCE).until(() -> applied.received() >= events);
          assertThat(applied.keys()).hasSize(events);
        }
      }
    }
  }

  /** One transaction has written its event before the switch, one does so after it. */
  private void switchAmidTransactions() throws SQLException {
    try (Connection before = Writers.connect(database);
        Connection across = Writers.connect(database)) {
      writeAndDelete(before, BEFORE, "before");
      Writers.changeBusiness(across, "begun before the switch");
      // The switch does not wait for long
      assertThatThrownBy(() -> database.execute(guide("debezium: switch")))
          .hasStackTraceContaining("lock timeout");
      before.commit();
      doSwitch("debezium: switch");
      writeAndDelete(across, ACROSS, "across");
      across.commit();
    }
  }

  private void awaitThatDebeziumHasFinished(ConnectWorker debezium) {
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ofSeconds(2))
        .pollInterval(Duration.ofSeconds(2))
        .until(
            () -> {
              debezium.requireHealthy();
              debezium.stopConnector();
              boolean finished = unconfirmed() == 0;
              if (!finished) {
                debezium.resumeConnector();
              }
              return finished;
            });
  }

  private static void set(Map<String, String> connector, String line) {
    String[] setting = line.split("=", 2);
    connector.put(setting[0], setting[1]);
  }

  private int unconfirmed() {
    await().atMost(PATIENCE).until(() -> !isActive());
    return Integer.parseInt(String.valueOf(database.query(guide("debezium: unconfirmed"))));
  }

  private boolean isStreaming(ConnectWorker debezium) {
    debezium.requireHealthy();
    return isActive();
  }

  private boolean isActive() {
    return "t"
        .equals(
            database.query("select active from pg_replication_slots where slot_name = 'debezium'"));
  }

  /** As applications with Debezium do; an object-relational mapper minds the counts. */
  private static void writeAndDelete(Connection connection, UUID id, String key)
      throws SQLException {
    try (PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into outboxevent (id, aggregatetype, aggregateid, type, payload)
                values (?, 'Order', ?, 'OrderPlaced', jsonb_build_object('order', ?::text))
                """);
        PreparedStatement delete =
            connection.prepareStatement("delete from outboxevent where id = ?")) {
      insert.setObject(1, id);
      insert.setString(2, key);
      insert.setString(3, key);
      assertThat(insert.executeUpdate()).isEqualTo(1);
      delete.setObject(1, id);
      assertThat(delete.executeUpdate()).isEqualTo(1);
    }
  }

  /** But for the headers that only the relay writes. */
  private void assertRecordsAreAlike() {
    int ofDebezium = 0;
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      String key = new String(record.key(), UTF_8);
      assertThat(new String(record.value(), UTF_8)).isEqualTo("{\"order\": \"" + key + "\"}");
      assertThat(TopicReader.header(record, "eventType")).isEqualTo("OrderPlaced");
      if (record.headers().lastHeader("outbox-position") == null) {
        ofDebezium++;
      }
    }
    assertThat(ofDebezium).isBetween(100, topics.poll().size() - 100);
  }

  private Map<String, String> connector(String publicationMode) {
    Map<String, String> connector = new HashMap<>();
    connector.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    connector.put("database.hostname", "localhost");
    connector.put("database.port", String.valueOf(postgres.port()));
    connector.put("database.user", postgres.username());
    connector.put("database.password", postgres.password());
    connector.put("database.dbname", database.slot());
    connector.put("topic.prefix", database.slot() + "-debezium");
    connector.put("plugin.name", "pgoutput");
    connector.put("table.include.list", "public.outboxevent");
    connector.put("publication.autocreate.mode", publicationMode);
    connector.put("snapshot.mode", "no_data");
    connector.put("tombstones.on.delete", "false");
    connector.put("transforms", "outbox");
    connector.put("transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter");
    connector.put(
        "transforms.outbox.route.topic.replacement", database.slot() + ".${routedByValue}");
    connector.put("transforms.outbox.table.fields.additional.placement", "type:header:eventType");
    return connector;
  }
}
