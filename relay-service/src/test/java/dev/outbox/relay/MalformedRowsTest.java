package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.sessions.JqwikSession;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rows and messages as bad as PostgreSQL takes them, through either engine: each one that was
 * committed is published as it is or parked with a reason, and nothing stands still.
 */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"debezium", "pgoutput"})
@Tag("slow")
class MalformedRowsTest {

  private static final int ROWS = 200;

  @Parameter private String engine = "";

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  record Row(
      UUID id,
      String aggregateType,
      String aggregateId,
      String type,
      byte @Nullable [] payload,
      @Nullable String headers) {}

  @Test
  void everyRowIsPublishedAsItIsOrParkedWithAReason() throws Exception {
    long seed = new Random().nextLong();
    List<Row> rows = rows(seed);
    try (AutoCloseable relay = Relays.leading(database, kafka, settings());
        Connection connection = database.connect()) {
      insert(connection, rows);
      awaitDealtWith(database.insert("Order", "last", "flows"));
    }
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> topics.ids().size() + parked().size() > ROWS);
    Map<String, ConsumerRecord<byte[], byte[]>> published = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      assertThat(published.put(TopicReader.header(record, "id"), record)).isNull();
    }
    Map<String, Listed> parked = new HashMap<>();
    parked().forEach(event -> parked.put(String.valueOf(event.id()), event));
    assertThat(published.size() + parked.size()).as("seed %d", seed).isEqualTo(ROWS + 1);
    for (Row row : rows) {
      String id = row.id().toString();
      ConsumerRecord<byte[], byte[]> record = published.get(id);
      if (record == null) {
        assertThat(parked.get(id))
            .as("seed %d: %s", seed, row)
            .isNotNull()
            .satisfies(
                event -> {
                  assertThat(event.reason()).isNotBlank().hasSizeLessThan(300);
                  assertThat(event.aggregateId()).isEqualTo(row.aggregateId());
                });
      } else {
        assertThat(record.topic()).isEqualTo(database.slot() + "." + row.aggregateType());
        assertThat(record.key()).as("seed %d", seed).isEqualTo(row.aggregateId().getBytes(UTF_8));
        assertThat(record.value()).as("seed %d", seed).isEqualTo(row.payload());
        assertThat(TopicReader.header(record, "ce_type")).isEqualTo(row.type());
      }
    }
  }

  private static List<Row> rows(long seed) {
    Arbitrary<String> texts =
        Arbitraries.strings()
            .withChars("aä€\"\\{}:,'\n\u0001 \uFFFD")
            .withCharRange('\u0001', '\uD7FF')
            .withCharRange('\uE000', '\uFFFF')
            .ofMaxLength(30);
    Arbitrary<Row> rows =
        Combinators.combine(
                Arbitraries.oneOf(
                    Arbitraries.of("Order", "Order", "order", "", ".", "a b", "a/b", "ä"), texts),
                Arbitraries.oneOf(
                    Arbitraries.of("1", "2", ""),
                    texts,
                    // Without repetitions, or it would be compressed into any index
                    Arbitraries.strings().withCharRange('0', 'z').ofLength(8_000)),
                texts,
                Arbitraries.bytes().array(byte[].class).ofMaxSize(300).injectNull(0.1),
                Arbitraries.oneOf(
                        Arbitraries.of(
                            "",
                            "{}",
                            "{\"a\":\"b\"}",
                            "{\"id\":\"x\"}",
                            "{\"\\ud800a\":\"b\"}",
                            "{\"a\":\"\\udc00\"}",
                            "{\"a\":\"\\u0000\"}",
                            "{\"\":\"\"}",
                            "{\"a\":1}",
                            "null"),
                        texts,
                        Arbitraries.integers().between(1, 3_000).map("{\"a\":"::repeat))
                    .injectNull(0.5))
            .as(
                (aggregateType, aggregateId, type, payload, headers) ->
                    new Row(UUID.randomUUID(), aggregateType, aggregateId, type, payload, headers));
    List<Row> drawn = new ArrayList<>();
    JqwikSession.run(
        () ->
            drawn.addAll(rows.list().ofSize(ROWS).generator(1000).next(new Random(seed)).value()));
    return drawn;
  }

  /** A hundred to a transaction. */
  private static void insert(Connection connection, List<Row> rows) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type, payload, headers)
            values (?, ?, ?, ?, ?, ?)
            """)) {
      for (int i = 0; i < rows.size(); i++) {
        Row row = rows.get(i);
        statement.setObject(1, row.id());
        statement.setString(2, row.aggregateType());
        statement.setString(3, row.aggregateId());
        statement.setString(4, row.type());
        statement.setBytes(5, row.payload());
        statement.setString(6, row.headers());
        statement.executeUpdate();
        if (i % 100 == 99) {
          connection.commit();
        }
      }
    }
    connection.commit();
  }

  @Test
  void anAggregateIdOfAnyLengthCanBeParked() throws Exception {
    String id;
    try (AutoCloseable relay = Relays.leading(database, kafka, settings())) {
      id =
          database.query(
              """
              insert into outbox_event(id, aggregatetype, aggregateid, type)
              select gen_random_uuid(), 'no topic', string_agg(md5(i::text), ''), 'Happened'
              from generate_series(1, 1000) i returning id
              """);
      awaitDealtWith(database.insert("Order", "1", "flows"));
    }
    assertThat(parked()).extracting(Listed::id).containsExactly(id);
  }

  @Test
  void theFormerIndexIsReplacedByInitialisingAgain() {
    database.execute("drop index outbox_parked_aggregate");
    database.execute("create index outbox_parked_key on outbox_parked (relay, aggregateid)");
    database.install();
    assertThat(
            database.queryAll("select indexname from pg_indexes where tablename = 'outbox_parked'"))
        .contains("outbox_parked_aggregate")
        .doesNotContain("outbox_parked_key");
  }

  @Test
  void aHeaderThatHasNoUtf8FormIsParkedAndNotSentAsAnother() throws Exception {
    String last;
    try (AutoCloseable relay = Relays.leading(database, kafka, settings())) {
      for (String headers : List.of("{\"\\ud800a\":\"b\"}", "{\"a\":\"\\ud800\"}")) {
        database.execute(
            """
            insert into outbox_event(id, aggregatetype, aggregateid, type, headers)
            values (gen_random_uuid(), 'Order', gen_random_uuid(), 'Happened', '%s')
            """
                .formatted(headers));
      }
      last = database.insert("Order", "1", "flows");
      awaitDealtWith(last);
    }
    assertThat(parked())
        .hasSize(2)
        .allMatch(event -> event.reason().contains("unpaired surrogate"));
    assertThat(topics.ids()).containsExactly(last);
  }

  @Test
  void messagesAndCommandsOfAnyContentStopNothing() throws Exception {
    List<String> contents =
        List.of(
            "''",
            "'{'",
            "'\\xff'",
            "'\\x00'",
            "convert_to('{\"outbox\":\"public.outbox_event\",\"headers\":{\"a\":\"\\ud800\"}}', 'UTF8')",
            "convert_to('{\"outbox\":\"public.outbox_event\",\"type\":\"\\u0000\"}', 'UTF8')",
            command("\"command\":\"release\""),
            command(
                "\"command\":\"release\",\"aggregateType\":\"Order\",\"aggregateId\":\"\\u0000\""),
            command("\"command\":\"release\",\"aggregateType\":\"no topic\",\"aggregateId\":\"1\""),
            command("\"command\":\"discard\",\"position\":\"\",\"reason\":\"\""),
            command("\"command\":\"discard\",\"reason\":\"x\""),
            command("\"command\":\"replay\",\"firstSeq\":1,\"throughSeq\":9"),
            command(
                "\"command\":\"replay\",\"firstSeq\":1,\"throughSeq\":9,\"selection\":{\"ids\":[]},"
                    + "\"topic\":\"no topic\""));
    String last;
    try (AutoCloseable relay = Relays.leading(database, kafka, settings())) {
      for (String prefix : List.of("outbox", "outbox.control", "outbox.other")) {
        for (String content : contents) {
          database.execute(
              "select pg_logical_emit_message(true, '%s', %s::bytea)".formatted(prefix, content));
        }
      }
      last = database.insert("Order", "1", "flows");
      awaitDealtWith(last);
    }
    assertThat(parked()).hasSizeGreaterThan(5).allMatch(event -> !event.reason().isBlank());
    assertThat(topics.ids()).containsExactly(last);
  }

  private String command(String fields) {
    return "convert_to('{\"relay\":\"test-%s\",%s}', 'UTF8')".formatted(database.slot(), fields);
  }

  private Map<String, String> settings() {
    return Map.of("engine", engine);
  }

  /** Of what stands before it, what is parked may still be on its way: closing the relay drains. */
  private void awaitDealtWith(String last) {
    await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().contains(last));
  }

  private List<Listed> parked() {
    var settings = TestSettings.of(database, kafka.bootstrapServers(), settings());
    return new SourceDatabase(settings)
        .call(sql -> new ParkedTable(settings).list(sql, false, 10_000));
  }
}
