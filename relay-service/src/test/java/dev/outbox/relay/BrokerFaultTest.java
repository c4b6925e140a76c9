package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.LocalKafka;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayLog;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.DoubleAccumulator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Trouble with the broker while services write on: order is kept, nothing is lost, and as the relay
 * lives on, nothing repeated. All on a broker of its own, which creates no topics by itself.
 */
@WithLocalStack
class BrokerFaultTest {

  private static final long LIMIT_BYTES = 1_048_576;

  /** Something without an event behind the last one of them may hold a place too. */
  private static final long LIMIT_TOLERANCE = 1_000;

  private static FaultProxy proxy;
  private static LocalKafka kafka;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ScheduledExecutorService sampler = Executors.newSingleThreadScheduledExecutor();
  private final DoubleAccumulator mostInFlight = new DoubleAccumulator(Math::max, 0);
  private OutboxDatabase database;
  private RelayLog log;
  private @Nullable Relay started;

  @BeforeAll
  static void startBroker() {
    proxy = FaultProxy.before(TcpPorts.free());
    kafka =
        LocalKafka.builder().behind(proxy).setting("auto.create.topics.enable", "false").start();
  }

  @AfterAll
  static void stopBroker() {
    kafka.close();
    proxy.close();
  }

  @BeforeEach
  void createDatabase(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    log = new RelayLog();
  }

  @AfterEach
  void stopRelay() throws InterruptedException {
    sampler.shutdownNow();
    try (OutboxDatabase first = database;
        RelayLog second = log) {
      if (started != null) {
        started.stop();
      }
    }
  }

  @Nested
  @Tag("slow")
  class UnderLoad {

    @Test
    @Tag("long")
    void aStoppedBrokerIsReportedAndGoneOnWith() {
      stopAndStart(Duration.ZERO);
    }

    @Test
    @Tag("long")
    void aBrokerStoppedForAMinuteIsGoneOnWith() {
      stopAndStart(Duration.ofMinutes(1));
    }

    private void stopAndStart(Duration atLeast) {
      createTopic("Order", Map.of());
      Relay relay = startRelay(kafka.bootstrapServers(), Map.of());
      try (SteadyWriter writer = writeUntilPublished()) {
        long begin = System.nanoTime();
        kafka.stop();
        awaitReportedStall(relay);
        awaitPatiently()
            .until(() -> Duration.ofNanos(System.nanoTime() - begin).compareTo(atLeast) >= 0);
        kafka.start();
        assertGoneOnAfterStall(relay, writer);
      }
    }

    @Test
    void aKilledBrokerIsGoneOnWith() {
      createTopic("Order", Map.of());
      Relay relay = startRelay(kafka.bootstrapServers(), Map.of());
      try (SteadyWriter writer = writeUntilPublished()) {
        kafka.kill();
        kafka.start();
        assertGoneOn(relay, writer);
      }
    }

    @Test
    void aBrokerThatComesBackAtAnotherAddressIsGoneOnWith() {
      createTopic("Order", Map.of());
      int other = TcpPorts.free();
      Relay relay = startRelay(kafka.bootstrapServers() + ",localhost:" + other, Map.of());
      try (SteadyWriter writer = writeUntilPublished()) {
        kafka.stop();
        kafka.moveTo(other);
        kafka.start();
        assertGoneOn(relay, writer);
      }
    }

    @Test
    @Tag("long")
    void tooFewInSyncReplicasAreReportedAndGoneOnWithWhenThereAreEnough() {
      try (LocalKafka second = LocalKafka.builder().joining(kafka).start()) {
        createTopic(new NewTopic(topic("Order"), 3, (short) 2), Map.of("min.insync.replicas", "2"));
        Relay relay = startRelay(kafka.bootstrapServers(), Map.of());
        try (SteadyWriter writer = writeUntilPublished()) {
          second.stop();
          awaitReportedStall(relay);
          // A producer that knows its brokers queues, so here the limit is what ends the intake.
          awaitPatiently().until(() -> mostInFlight.get() > 0.9 * LIMIT_BYTES);
          second.start();
          assertGoneOnAfterStall(relay, writer);
        }
      }
    }

    @Test
    void connectionsCutInMidProduceAgainAndAgainLoseReorderAndRepeatNothing() {
      createTopic("Order", Map.of());
      Relay relay =
          startRelay(proxy.address(), Map.of("kafka.properties.reconnect.backoff.max.ms", "100"));
      Random random = new Random(20_261_121);
      try (SteadyWriter writer = writeUntilPublished()) {
        for (int i = 0; i < 10; i++) {
          // A request that the broker gets a part of, and one that it has carried out
          proxy.cutAfter(1 + random.nextInt(100_000));
          awaitPatiently().until(() -> !proxy.cutPending());
          double before = published();
          awaitPatiently().until(() -> published() > before);
          proxy.cutAtAnswer();
          awaitPatiently().until(() -> !proxy.cutPending());
        }
        assertGoneOn(relay, writer);
        assertThat(registry.get("outbox.relay.events.retried").functionCounter().count())
            .isPositive();
      }
    }

    @Test
    @Tag("long")
    void halfOpenConnectionsAreReportedAndWhatArrivesLateIsNotRepeated() {
      createTopic("Order", Map.of());
      // Requests are given up and sent on another connection, and then both arrive.
      Relay relay =
          startRelay(proxy.address(), Map.of("kafka.properties.request.timeout.ms", "3000"));
      try (SteadyWriter writer = writeUntilPublished()) {
        proxy.stall();
        try {
          awaitReportedStall(relay);
        } finally {
          proxy.resume();
        }
        assertGoneOnAfterStall(relay, writer);
      }
    }

    private SteadyWriter writeUntilPublished() {
      SteadyWriter writer = SteadyWriter.start(database, "Order");
      awaitPatiently().until(() -> published() > 100);
      return writer;
    }

    /** The relay says so and keeps its place. */
    private void awaitReportedStall(Relay relay) {
      awaitPatiently().until(() -> !relay.stalledFor().isZero());
      awaitPatiently().until(() -> !log.alarms().isEmpty());
      assertThat(relay.state()).isInstanceOf(Leading.class);
    }

    private void assertGoneOnAfterStall(Relay relay, SteadyWriter writer) {
      assertGoneOn(relay, writer);
      awaitPatiently().until(() -> !log.lines("Kafka acknowledges again").isEmpty());
      assertThat(log.alarms())
          .containsExactly(
              "Kafka acknowledges nothing: bring the brokers back; events wait in order");
      assertThat(log.lines("Kafka acknowledges again")).hasSize(1);
    }

    private void assertGoneOn(Relay relay, SteadyWriter writer) {
      // Given that what was written during the fault and after it is published
      int during = writer.written();
      awaitPatiently().until(() -> published() > during);
      int all = writer.stop();
      awaitPatiently().until(() -> published() >= all);
      // Then it is all there, in order, once
      try (TopicReader topics = topics()) {
        awaitPatiently().until(() -> topics.poll().size() >= all);
        assertThat(topics.poll().size()).as("records for %d events", all).isEqualTo(all);
        Map<String, List<String>> expected = database.eventIdsByKey();
        topics.idsByKey().forEach((key, ids) -> assertThat(ids).isEqualTo(expected.get(key)));
      }
      // And the relay has lived on within its limit
      awaitPatiently().until(() -> relay.stalledFor().isZero());
      assertThat(relay.state()).isEqualTo(new Leading(1));
      assertThat(registry.get("outbox.relay.restarts").counter().count()).isZero();
      assertThat(mostInFlight.get()).isLessThanOrEqualTo(LIMIT_BYTES + LIMIT_TOLERANCE);
    }
  }

  @Nested
  class Content {

    @Test
    void aValueOfFiveMegabytesKeepsItsPlaceOnATopicThatAllowsIt() throws Exception {
      createTopic("Order", Map.of("max.message.bytes", "6000000"));
      startRelay(kafka.bootstrapServers(), Map.of("in-flight-limit", "32MB"));
      byte[] value = new byte[5_000_000];
      new Random(5).nextBytes(value);

      database.insert("Order", "1", "before");
      insert("Order", "1", value, null);
      database.insert("Order", "1", "behind");

      List<ConsumerRecord<byte[], byte[]>> records = read(3);
      assertThat(records.get(1).value()).isEqualTo(value);
      assertThat(records.stream().map(record -> TopicReader.header(record, "id")))
          .isEqualTo(database.eventIds());
    }

    @Test
    void aNullPayloadKeepsItsPlace() throws Exception {
      createTopic("Order", Map.of());
      startRelay(kafka.bootstrapServers(), Map.of());

      database.insert("Order", "1", "before");
      insert("Order", "1", null, null);
      database.insert("Order", "1", "");

      assertThat(read(3).stream().map(ConsumerRecord::value))
          .containsExactly("before".getBytes(UTF_8), null, new byte[0]);
    }

    @Test
    void keysAndHeadersInAnyScriptArriveAsTheyWereWritten() throws Exception {
      createTopic("Order", Map.of());
      startRelay(kafka.bootstrapServers(), Map.of());
      String key = "ключ-鍵-مفتاح-Straße-🔑👩‍👩‍👧";

      insert(
          "Order",
          key,
          "значение-🎉".getBytes(UTF_8),
          "{\"имя-🏷️\":\"値-😀-\\uD83D\\uDE80\",\"é\":\"\"}");

      ConsumerRecord<byte[], byte[]> record = read(1).get(0);
      assertThat(new String(record.key(), UTF_8)).isEqualTo(key);
      assertThat(new String(record.value(), UTF_8)).isEqualTo("значение-🎉");
      Map<String, String> headers = new HashMap<>();
      record.headers().forEach(h -> headers.put(h.key(), new String(h.value(), UTF_8)));
      assertThat(headers)
          .containsEntry("имя-🏷️", "値-😀-🚀")
          .containsEntry("é", "")
          .containsEntry("ce_subject", key);
    }

    @Test
    void aTopicThatIsCreatedInTimeIsGoneOnWithInOrder() {
      createTopic("Order", Map.of());
      Relay relay =
          startRelay(kafka.bootstrapServers(), Map.of("parking.missing-topic-wait", "5m"));
      for (int i = 0; i < 10; i++) {
        database.insert("Invoice", String.valueOf(i % 3), "waits for its topic");
        database.insert("Order", String.valueOf(i % 3), "waits behind it");
      }
      awaitPatiently().until(() -> !log.alarms().isEmpty());
      assertThat(relay.state()).isInstanceOf(Leading.class);

      createTopic("Invoice", Map.of());

      List<ConsumerRecord<byte[], byte[]>> records = read(20);
      assertThat(records).hasSize(20);
      for (String type : List.of("Invoice", "Order")) {
        for (int key = 0; key < 3; key++) {
          String aggregate = String.valueOf(key);
          assertThat(
                  records.stream()
                      .filter(record -> record.topic().equals(topic(type)))
                      .filter(record -> new String(record.key(), UTF_8).equals(aggregate))
                      .map(record -> TopicReader.header(record, "id")))
              .isEqualTo(
                  database.queryAll(
                      """
                      select id from outbox_event
                      where aggregatetype = '%s' and aggregateid = '%s' order by seq
                      """
                          .formatted(type, aggregate)));
        }
      }
      assertThat(log.alarms()).singleElement().asString().startsWith("Waiting for the topic");
    }

    private List<ConsumerRecord<byte[], byte[]>> read(int count) {
      try (TopicReader topics = topics()) {
        awaitPatiently().until(() -> topics.poll().size() >= count);
        return topics.poll();
      }
    }

    private void insert(
        String type, String key, byte @Nullable [] payload, @Nullable String headers)
        throws SQLException {
      try (Connection connection = database.connect();
          PreparedStatement statement =
              connection.prepareStatement(
                  """
                  insert into outbox_event (id, aggregatetype, aggregateid, type, payload, headers)
                  values (gen_random_uuid(), ?, ?, 'Happened', ?, ?)
                  """)) {
        statement.setString(1, type);
        statement.setString(2, key);
        statement.setBytes(3, payload);
        statement.setString(4, headers);
        statement.executeUpdate();
      }
    }
  }

  private Relay startRelay(String bootstrapServers, Map<String, String> more) {
    Map<String, String> settings = new HashMap<>();
    settings.put("in-flight-limit", LIMIT_BYTES + "B");
    settings.putAll(more);
    Relay relay =
        new Relay(
            TestSettings.of(database, bootstrapServers, settings), new RelayMetrics(registry));
    started = relay;
    relay.start();
    awaitPatiently().until(() -> relay.state() instanceof Leading);
    var unused =
        sampler.scheduleWithFixedDelay(
            () ->
                mostInFlight.accumulate(
                    registry.get("outbox.relay.in.flight.bytes").gauge().value()),
            0,
            5,
            TimeUnit.MILLISECONDS);
    return relay;
  }

  private double published() {
    return registry.get("outbox.relay.events.published").counter().count();
  }

  private TopicReader topics() {
    return new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  private String topic(String aggregateType) {
    return database.slot() + "." + aggregateType;
  }

  private void createTopic(String aggregateType, Map<String, String> settings) {
    createTopic(new NewTopic(topic(aggregateType), 3, (short) 1), settings);
  }

  private static void createTopic(NewTopic topic, Map<String, String> settings) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      admin.createTopics(List.of(topic.configs(settings))).all().get(1, TimeUnit.MINUTES);
    } catch (Exception e) {
      throw new IllegalStateException("Cannot create " + topic, e);
    }
  }

  private static ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }
}
