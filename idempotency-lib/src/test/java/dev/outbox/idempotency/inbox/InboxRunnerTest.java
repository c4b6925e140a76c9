package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

class InboxRunnerTest extends RunnerTestBase {

  InboxRunnerTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  @Test
  void anEventPublishedAgainTakesEffectOnce() throws SQLException {
    // Given
    topic.publish("e1", "e2", "e1", "e1", "e3");

    // When
    InboxRunner runner = started(runner());
    awaitReceived(runner, 5);

    // Then
    assertThat(Effects.in(database)).containsExactly("e1", "e2", "e3");
    assertThat(runner.counts()).isEqualTo(new InboxCounts(5, 3, 2, 0, 0));
    assertThat(runner.state()).isEqualTo(new RunnerState.Running());
    awaitTrue(() -> topic.committed(0) == 5);
  }

  @Test
  void twoConsumersOfATopicEachApplyEveryEvent() throws SQLException {
    // Given
    topic.publish("e1", "e2");

    // When
    awaitReceived(started(runner()), 2);
    awaitReceived(started(runner().consumer("billing of " + topic.name())), 2);

    // Then
    assertThat(Effects.in(database)).containsExactly("e1", "e2", "e1", "e2");
  }

  @Test
  void aHandlerThatFailsLeavesNeitherMarkerNorEffectAndTheNextAttemptAppliesOnce()
      throws SQLException {
    // Given
    topic.publish("e1", "e2", "e3");
    AtomicInteger attempts = new AtomicInteger();
    List<String> visibleBetween = new CopyOnWriteArrayList<>();

    // When
    InboxRunner runner =
        started(
            runner()
                .handler(
                    (connection, event) -> {
                      if (event.id().equals("e1") && attempts.get() > 0) {
                        visibleBetween.addAll(Effects.in(database));
                        visibleBetween.addAll(Effects.markers(database));
                      }
                      Effects.insert(connection, event);
                      if (event.id().equals("e2") && attempts.incrementAndGet() < 3) {
                        throw new IOException("not yet");
                      }
                    }));
    awaitReceived(runner, 3);

    // Then
    assertThat(visibleBetween).isEmpty();
    assertThat(Effects.in(database)).containsExactly("e1", "e2", "e3");
    assertThat(runner.counts().applied()).isEqualTo(3);
    assertThat(runner.counts().failedAttempts()).isEqualTo(2);
  }

  @Test
  void aHandlerThatSwallowsADatabaseErrorHasNotAppliedItsEvent() throws SQLException {
    // Then
    assertTheNextAttemptAppliesAfter(
        (connection, event) ->
            assertThatThrownBy(() -> TestDatabase.execute(connection, "nonsense"))
                .isInstanceOf(SQLException.class));
  }

  @Test
  void aHandlerThatEndsTheTransactionHasNotAppliedItsEvent() throws SQLException {
    // Then
    assertTheNextAttemptAppliesAfter((connection, event) -> connection.rollback());
  }

  private void assertTheNextAttemptAppliesAfter(EventHandler first) throws SQLException {
    // Given: one event, because any further statement would bring the failure to light
    topic.publish("e1");

    // When
    InboxRunner runner = started(runner().handler(atFirst(first)));
    awaitReceived(runner, 1);

    // Then
    assertThat(Effects.in(database)).containsExactly("e1");
    assertThat(runner.counts()).isEqualTo(new InboxCounts(1, 1, 0, 0, 1));
  }

  @Test
  void eachPolledBatchIsOneMarkerStatementInOneTransaction() {
    // Given
    topic.publish(IntStream.range(0, 1_000).mapToObj(i -> "e" + i).toArray(String[]::new));
    StatementCount count = new StatementCount();

    // When
    InboxRunner runner =
        started(
            runner()
                .kafka(topic.consumerSettings("max.poll.records", 100))
                .dataSource(count.over(database.dataSource())));
    awaitReceived(runner, 1_000);
    runner.stop();

    // Then: one commit besides the batches' is that of the check at start
    assertThat(count.markers).hasValueBetween(10, 50);
    assertThat(count.commits).hasValue(count.markers.get() + 1);
  }

  @Test
  void theHandlerIsGivenWhatTheHeadersSay() {
    // Given
    ProducerRecord<byte[], byte[]> record = topic.event("e1", "order-7");
    record.headers().add("ce_type", "OrderPlaced".getBytes(UTF_8));
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));
    record.headers().add("empty", null);
    topic.producer().send(record);
    topic
        .producer()
        .send(
            new ProducerRecord<>(
                topic.name(), null, null, null, null, topic.event("e2", "k").headers()));
    List<ReceivedEvent> events = new CopyOnWriteArrayList<>();

    // When
    awaitReceived(started(runner().handler((connection, event) -> events.add(event))), 2);

    // Then
    ReceivedEvent event = events.get(0);
    assertThat(event.eventKey()).isEqualTo(new EventKey("orders", "e1"));
    assertThat(event.type()).contains("OrderPlaced");
    assertThat(event.key()).contains("order-7");
    assertThat(event.payload())
        .hasValueSatisfying(p -> assertThat(p).asString().isEqualTo("secret of e1"));
    assertThat(event.header("traceparent")).contains("00-1-2-01");
    assertThat(event.headers())
        .containsExactly(
            Map.entry("id", "e1"),
            Map.entry("ce_source", "orders"),
            Map.entry("ce_type", "OrderPlaced"),
            Map.entry("traceparent", "00-1-2-01"));
    assertThat(event).hasToString("e1 of orders at " + topic.name() + "-0@0");
    assertThat(events.get(1).payload()).isEmpty();
    assertThat(events.get(1).key()).isEmpty();
    assertThat(events.get(1).type()).isEmpty();
  }

  @Test
  void aPublisherWithoutTheHeadersOfTheRelayCanBeReadToo() throws SQLException {
    // Given
    ProducerRecord<byte[], byte[]> cloudEvent = topic.record("k", "v");
    cloudEvent.headers().add("ce_id", "e1".getBytes(UTF_8));
    cloudEvent.headers().add("ce_source", "payments".getBytes(UTF_8));
    ProducerRecord<byte[], byte[]> idOnly = topic.record("k", "v");
    idOnly.headers().add("id", "e1".getBytes(UTF_8));
    topic.producer().send(cloudEvent);
    topic.producer().send(idOnly);

    // When
    awaitReceived(started(runner().sourceWhenMissing("legacy")), 2);

    // Then
    assertThat(database.query("select source from inbox_event order by source"))
        .containsExactly("legacy", "payments");
  }

  static Stream<Arguments> unidentified() {
    byte[] orders = "orders".getBytes(UTF_8);
    return Stream.of(
        Arguments.of("no header 'id' or 'ce_id'", null, orders),
        Arguments.of("no header 'ce_source'", "e2".getBytes(UTF_8), null),
        Arguments.of("header 'id' is not UTF-8", new byte[] {(byte) 0xC3}, orders),
        Arguments.of("id contains NUL", new byte[] {'a', 0}, orders),
        Arguments.of("id has 1025 bytes", "x".repeat(1025).getBytes(UTF_8), orders));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unidentified")
  void aRecordThatDoesNotSayWhichEventItIsStopsTheRunnerInFrontOfIt(
      String reason, byte[] id, byte[] source) throws SQLException {
    // Given
    ProducerRecord<byte[], byte[]> record = topic.record("k", "secret");
    Optional.ofNullable(id).ifPresent(value -> record.headers().add("id", value));
    Optional.ofNullable(source).ifPresent(value -> record.headers().add("ce_source", value));
    topic.publish("e1");
    topic.producer().send(record);
    topic.publish("e3");

    // When
    InboxRunner runner = started(runner());

    // Then
    assertThat(runner.ended()).failsWithin(PATIENCE);
    assertThat(runner.failure())
        .get()
        .asInstanceOf(type(UnidentifiedEventException.class))
        .satisfies(e -> assertThat(e.topic()).isEqualTo(topic.name()))
        .satisfies(e -> assertThat(e.partition()).isZero())
        .satisfies(e -> assertThat(e.offset()).isEqualTo(1))
        .satisfies(e -> assertThat(e).hasMessageContaining(reason))
        .satisfies(e -> assertThat(e).hasMessageContaining("--to-offset 2"))
        .satisfies(e -> assertThat(e).hasMessageNotContaining("secret"));
    assertThat(runner.state()).isInstanceOf(RunnerState.Failed.class);
    assertThat(Effects.in(database)).containsExactly("e1");
    assertThat(topic.committed(0)).isEqualTo(1);
    runner.stop();
    assertThat(runner.state()).isInstanceOf(RunnerState.Failed.class);
  }

  @Test
  void eventsOfAbortedKafkaTransactionsAreNotAppliedAndTheLagStillReachesZero()
      throws SQLException {
    // Given
    try (KafkaProducer<byte[], byte[]> producer =
        TestTopic.producer(topic.bootstrapServers(), Map.of("transactional.id", topic.name()))) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(topic.event("aborted", "k"));
      producer.flush();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(topic.event("committed", "k"));
      producer.commitTransaction();
    }

    // When
    awaitReceived(started(runner()), 1);

    // Then: two records and two transaction markers
    awaitTrue(() -> topic.committed(0) == 4);
    assertThat(Effects.in(database)).containsExactly("committed");
  }

  @Test
  void aRunnerThatWaitsLongerThanThePollIntervalStaysInItsGroup() {
    // Given
    topic.publish("e1");
    List<String> members = new CopyOnWriteArrayList<>();

    // When
    InboxRunner runner =
        started(
            runner()
                .kafka(topic.consumerSettings("max.poll.interval.ms", 1_000))
                .retryWait(Duration.ofMillis(2_500), Duration.ofSeconds(30))
                .handler(
                    (connection, event) -> {
                      members.add(topic.memberId());
                      if (members.size() == 1) {
                        throw new IOException("database away");
                      }
                    }));
    awaitTrue(() -> runner.state() instanceof RunnerState.Retrying);
    assertThat(runner.state())
        .asInstanceOf(type(RunnerState.Retrying.class))
        .satisfies(retrying -> assertThat(retrying.attempt()).isEqualTo(1))
        .satisfies(retrying -> assertThat(retrying.cause()).hasMessage("database away"));
    awaitReceived(runner, 1);

    // Then
    assertThat(members).hasSize(2).containsOnly(members.get(0));
    assertThat(runner.state()).isEqualTo(new RunnerState.Running());
  }

  @Test
  void anErrorOfTheMachineEndsTheRunnerVisibly() throws SQLException {
    // Given
    topic.publish("e1");

    // When
    InboxRunner runner =
        started(
            runner()
                .handler(
                    (connection, event) -> {
                      throw new OutOfMemoryError("x");
                    }));

    // Then
    assertThat(runner.ended()).failsWithin(PATIENCE);
    assertThat(runner.failure()).get().isInstanceOf(OutOfMemoryError.class);
    assertThat(Effects.markers(database)).isEmpty();
  }

  @Test
  void aFailedAttemptIsOneLineThatSaysWhereAndNeverShowsThePayload() {
    // Given
    Logger logger = (Logger) LoggerFactory.getLogger(InboxConsumer.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    logger.setAdditive(false);
    logger.setLevel(Level.WARN);
    topic.publish("e0", "e1");
    AtomicInteger attempts = new AtomicInteger();

    // When
    InboxRunner runner =
        started(
            runner()
                .handler(
                    (connection, event) -> {
                      if (event.id().equals("e1") && attempts.incrementAndGet() == 1) {
                        throw new SQLException(
                            "row contains " + new String(event.payload().orElseThrow(), UTF_8),
                            "23514");
                      }
                    }));
    awaitReceived(runner, 2);
    logger.detachAppender(lines);
    logger.setAdditive(true);
    logger.setLevel(null);

    // Then
    assertThat(lines.list).hasSize(1);
    ILoggingEvent line = lines.list.get(0);
    List<String> pairs = new ArrayList<>();
    line.getKeyValuePairs().forEach(pair -> pairs.add(pair.key + "=" + pair.value));
    assertThat(pairs)
        .contains(
            "topic=" + topic.name(), "partition=0", "offset=1", "eventId=e1", "sqlState=23514");
    assertThat(line.getThrowableProxy()).isNull();
    assertThat(line.getFormattedMessage() + pairs).doesNotContain("secret");
  }

  @Test
  void whatIsNotGivenIsNamed() {
    assertThatThrownBy(() -> InboxRunner.builder().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("topics");
    assertThatThrownBy(() -> InboxRunner.builder().topics("t").consumer("c").build())
        .hasMessageContaining("kafka(settings)");
  }

  @Test
  void everyDefaultIsWhatTheDocumentationSays() {
    assertThat(RetryWait.DEFAULT.toString()).contains("PT0.2S", "PT30S");
    assertThat(InboxRunnerBuilder.DEFAULT_START_TIMEOUT).hasToString("PT1M");
    assertThat(InboxTable.DEFAULT).isEqualTo(InboxTable.named("inbox_event"));
    assertThat(
            Arrays.asList(1, 2, 8, 9, 1_000).stream()
                .map(attempt -> RetryWait.DEFAULT.after(attempt).toMillis()))
        .containsExactly(200L, 400L, 25_600L, 30_000L, 30_000L);
  }
}
