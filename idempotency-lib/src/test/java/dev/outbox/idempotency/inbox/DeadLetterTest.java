package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.inbox.RunnerToBeKilled.KillPoint;
import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Events that cannot be applied, what becomes of those behind them, and applying them later. */
@Tag("slow")
class DeadLetterTest extends RunnerTestBase {

  private final String deadLetterTopic;
  private final Set<String> poison = ConcurrentHashMap.newKeySet();

  DeadLetterTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
    deadLetterTopic = topic.name() + ".dead-letters";
    kafka.createTopic(deadLetterTopic, 2);
  }

  private InboxRunnerBuilder giving(FailurePolicy policy) {
    return runner().attempts(2).onFailure(policy).handler(this::unlessPoison);
  }

  private void unlessPoison(Connection connection, ReceivedEvent event) throws Exception {
    Effects.insert(connection, event);
    if (poison.contains(event.id())) {
      throw new IOException("cannot apply secret of " + event.id());
    }
  }

  private void publish(String key, String... ids) {
    for (String id : ids) {
      topic.producer().send(topic.event(id, key));
    }
    topic.producer().flush();
  }

  @Test
  void anEventThatIsGivenUpIsInTheDeadLetterTopicWithReasonAttemptsAndOriginAndOthersFlow()
      throws Exception {
    // Given
    poison.add("e2");
    publish("k1", "e1");
    ProducerRecord<byte[], byte[]> record = topic.event("e2", "k2");
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));
    topic.producer().send(record);
    publish("k3", "e3");

    // When
    InboxRunner runner = started(giving(FailurePolicy.follow(deadLetterTopic)));
    awaitReceived(runner, 3);

    // Then
    assertThat(runner.counts()).isEqualTo(new InboxCounts(3, 2, 0, 1, 2));
    assertThat(Effects.in(database)).containsExactly("e1", "e3");
    ConsumerRecord<byte[], byte[]> letter = topic.readAll(deadLetterTopic).get(0);
    assertThat(new String(letter.key(), UTF_8)).isEqualTo("k2");
    assertThat(new String(letter.value(), UTF_8)).isEqualTo("secret of e2");
    Map<String, String> headers = headers(letter);
    assertThat(headers)
        .containsEntry("id", "e2")
        .containsEntry("ce_source", "orders")
        .containsEntry("traceparent", "00-1-2-01")
        .containsEntry(DeadLetterHeaders.CONSUMER, topic.consumer())
        .containsEntry(DeadLetterHeaders.REASON, "java.io.IOException")
        .containsEntry(DeadLetterHeaders.DETAILS, "cannot apply secret of e2")
        .containsEntry(DeadLetterHeaders.ATTEMPTS, "2")
        .containsEntry(DeadLetterHeaders.TOPIC, topic.name())
        .containsEntry(DeadLetterHeaders.PARTITION, "0")
        .containsEntry(DeadLetterHeaders.OFFSET, "1")
        .containsKeys(DeadLetterHeaders.TIME, DeadLetterHeaders.TIMESTAMP);
    awaitTrue(() -> topic.committed(0) == 3);
  }

  @Test
  void laterEventsOfTheKeyFollowInOrderAndAreAppliedInOrderOnceTheCauseIsGone() throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1", "a2");
    publish("b", "b1");
    publish("a", "a3");
    InboxRunnerBuilder builder = giving(FailurePolicy.follow(deadLetterTopic));
    InboxRunner runner = started(builder);
    awaitReceived(runner, 4);
    assertThat(Effects.in(database)).containsExactly("b1");
    assertThat(ids(topic.readAll(deadLetterTopic))).containsExactly("a1", "a2", "a3");

    // When: applied while the cause is still there, and then again without it
    DeadLetters letters = builder.deadLetters();
    DeadLetters.Result tooEarly = letters.apply();
    poison.clear();
    DeadLetters.Result result = letters.apply();
    DeadLetters.Result again = letters.apply();
    publish("a", "a4");
    awaitReceived(runner, 5);

    // Then
    assertThat(tooEarly).isEqualTo(new DeadLetters.Result(0, 1, 2, 0));
    assertThat(result).isEqualTo(new DeadLetters.Result(3, 0, 0, 0));
    assertThat(again).isEqualTo(new DeadLetters.Result(0, 0, 0, 0));
    assertThat(Effects.in(database)).containsExactly("b1", "a1", "a2", "a3", "a4");
  }

  @Test
  void theKeyIsHeldBackOverARestartToo() throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1");
    InboxRunner first = started(giving(FailurePolicy.follow(deadLetterTopic)));
    awaitReceived(first, 1);
    first.stop();
    poison.clear();

    // When
    publish("a", "a2");
    publish("b", "b1");
    InboxRunner second = started(giving(FailurePolicy.follow(deadLetterTopic)));
    awaitReceived(second, 2);

    // Then
    assertThat(Effects.in(database)).containsExactly("b1");
    assertThat(second.counts().deadLettered()).isEqualTo(1);
  }

  @Test
  void withSkipLaterEventsOfTheKeyAreAppliedWithoutIt() throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1", "a2");
    InboxRunnerBuilder builder = giving(FailurePolicy.skip(deadLetterTopic));
    awaitReceived(started(builder), 2);
    assertThat(Effects.in(database)).containsExactly("a2");

    // When
    poison.clear();
    DeadLetters.Result result = builder.deadLetters().apply();

    // Then
    assertThat(result.applied()).isEqualTo(1);
    assertThat(Effects.in(database)).containsExactly("a2", "a1");
  }

  @Test
  void withWaitThePartitionStopsAtTheEventAndNothingOfItIsReordered() throws SQLException {
    // Given
    poison.add("a1");
    publish("a", "a1");
    publish("b", "b1");

    // When
    InboxRunner runner = started(giving(FailurePolicy.waitForSuccess()));
    awaitTrue(() -> runner.counts().failedAttempts() > 3);
    assertThat(Effects.in(database)).isEmpty();
    poison.clear();
    awaitReceived(runner, 2);

    // Then
    assertThat(Effects.in(database)).containsExactly("a1", "b1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEventComingAgainIsARepeatWhetherItsDeadLetterIsAppliedOrNot(boolean applied)
      throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1");
    InboxRunnerBuilder builder = giving(FailurePolicy.follow(deadLetterTopic));
    InboxRunner runner = started(builder);
    awaitReceived(runner, 1);
    poison.clear();
    if (applied) {
      assertThat(builder.deadLetters().apply().applied()).isEqualTo(1);
    }

    // When: the relay sends it once more
    publish("a", "a1");
    awaitReceived(runner, 2);
    var unused = builder.deadLetters().apply();

    // Then
    assertThat(runner.counts()).isEqualTo(new InboxCounts(2, 0, 1, 1, 2));
    assertThat(Effects.in(database)).containsExactly("a1");
  }

  @Test
  void aConsumerByPositionAppliesItsDeadLettersOnceToo() throws Exception {
    // Given
    poison.add(Positions.at(2));
    Positions.publish(topic, 0, Positions.at(1), Positions.at(2), Positions.at(3));
    InboxRunnerBuilder builder =
        giving(FailurePolicy.follow(deadLetterTopic)).deduplication(Deduplication.byPosition());
    InboxRunner runner = started(builder);
    awaitReceived(runner, 3);
    poison.clear();

    // When: the relay repeats all, and the dead letters are applied twice
    Positions.publish(topic, 0, Positions.at(1), Positions.at(2), Positions.at(3));
    awaitReceived(runner, 6);
    DeadLetters.Result first = builder.deadLetters().apply();
    DeadLetters.Result second = builder.deadLetters().apply();

    // Then
    assertThat(first.applied()).isEqualTo(2);
    assertThat(second.applied()).isZero();
    assertThat(Effects.in(database))
        .containsExactly(Positions.at(1), Positions.at(2), Positions.at(3));
  }

  @Test
  void twoThatApplyAtTheSameTimeApplyADeadLetterOnce() throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1");
    awaitReceived(started(giving(FailurePolicy.follow(deadLetterTopic))), 1);
    HeldHandler held = new HeldHandler();
    DeadLetters first = giving(FailurePolicy.follow(deadLetterTopic)).handler(held).deadLetters();
    DeadLetters second =
        giving(FailurePolicy.follow(deadLetterTopic)).handler(Effects::insert).deadLetters();

    // When: the second finds the dead letter too, and waits for the first
    CompletableFuture<DeadLetters.Result> one = inThread(first);
    held.awaitEntered();
    CompletableFuture<DeadLetters.Result> other = inThread(second);
    awaitTrue(() -> !database.waitingForLocks().isEmpty());
    held.release();

    // Then
    assertThat(one.join().applied() + other.join().applied()).isEqualTo(1);
    assertThat(Effects.in(database)).containsExactly("a1");
  }

  private static CompletableFuture<DeadLetters.Result> inThread(DeadLetters letters) {
    return supplyAsync(
        () -> {
          try {
            return letters.apply();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        },
        TestDatabase.THREAD_EACH);
  }

  @Test
  void onlyWhatIsWorthARetryIsTriedAgain() throws SQLException {
    // Given
    poison.add("e1");
    publish("k", "e1");

    // When
    InboxRunner runner =
        started(
            giving(FailurePolicy.skip(deadLetterTopic))
                .attempts(100)
                .retryOn(failure -> !(failure instanceof IOException)));
    awaitReceived(runner, 1);

    // Then
    assertThat(runner.counts()).isEqualTo(new InboxCounts(1, 0, 0, 1, 1));
  }

  static Stream<Error> errorsOfHandlers() {
    return Stream.of(
        new StackOverflowError(), new NoClassDefFoundError("x"), new AssertionError("no"));
  }

  @ParameterizedTest
  @MethodSource("errorsOfHandlers")
  void anErrorOfTheHandlerIsAFailedAttemptAndEndsNoRunner(Error error) throws Exception {
    // Given
    InboxRunnerBuilder builder =
        giving(FailurePolicy.skip(deadLetterTopic))
            .handler(
                (connection, event) -> {
                  Effects.insert(connection, event);
                  if (poison.contains(event.id())) {
                    throw error;
                  }
                });
    poison.add("e2");
    publish("k", "e1", "e2", "e3");

    // When
    InboxRunner runner = started(builder);
    awaitReceived(runner, 3);
    DeadLetters.Result tooEarly = builder.deadLetters().apply();
    poison.clear();
    DeadLetters.Result result = builder.deadLetters().apply();

    // Then
    assertThat(runner.counts()).isEqualTo(new InboxCounts(3, 2, 0, 1, 2));
    assertThat(headers(topic.readAll(deadLetterTopic).get(0)))
        .containsEntry(DeadLetterHeaders.REASON, error.getClass().getName());
    assertThat(tooEarly).isEqualTo(new DeadLetters.Result(0, 1, 0, 0));
    assertThat(result).isEqualTo(new DeadLetters.Result(1, 0, 0, 0));
    assertThat(Effects.in(database)).containsExactly("e1", "e3", "e2");
  }

  @Test
  void aDatabaseThatIsAwayIsWaitedForAndGivesNothingUp() throws SQLException {
    // Given
    InboxRunner runner = started(giving(FailurePolicy.skip(deadLetterTopic)));
    publish("k", "e0");
    awaitReceived(runner, 1);

    // When
    postgres.kill();
    publish("k", "e1");
    awaitTrue(() -> runner.counts().failedAttempts() > 4);
    postgres.start();
    awaitReceived(runner, 2);

    // Then
    assertThat(runner.counts().deadLettered()).isZero();
    assertThat(Effects.in(database)).containsExactly("e0", "e1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "40001", "40P01", "57P01"})
  void whatTheDatabaseDoesToAnEventInHandIsNoAttemptEither(String sqlState) throws SQLException {
    // Given
    AtomicInteger failures = new AtomicInteger();
    publish("k", "e1");

    // When: more often than an event is tried
    InboxRunner runner =
        started(
            giving(FailurePolicy.skip(deadLetterTopic))
                .handler(
                    (connection, event) -> {
                      if (failures.incrementAndGet() < 5) {
                        throw new IllegalStateException(new SQLException("no", sqlState));
                      }
                      Effects.insert(connection, event);
                    }));
    awaitReceived(runner, 1);

    // Then
    assertThat(runner.counts()).isEqualTo(new InboxCounts(1, 1, 0, 0, 4));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void killedBetweenDeadLetterAndCommitNothingIsLostAndNothingDoneTwice(boolean healsMeanwhile)
      throws Exception {
    // Given: the record is in the dead-letter topic, and the process dies before its commits
    poison.add("poison");
    publish("k", "poison", "behind");
    try (ChildProcess child =
        ChildProcess.java()
            .mainClass(RunnerToBeKilled.class.getName())
            .arguments(KillPoint.DEAD_LETTER_SENT.name(), topic.name(), topic.consumer())
            .arguments(topic.bootstrapServers())
            .arguments(database.url(), database.user(), database.password(), deadLetterTopic)
            .start()) {
      child.awaitOutput(RunnerToBeKilled.REACHED, PATIENCE);
      child.sigkill();
    }
    assertThat(ids(topic.readAll(deadLetterTopic))).containsExactly("poison");
    assertThat(database.query("select 1 from inbox_dead_letter")).isEmpty();

    // When: another takes over, with the cause still there or gone
    if (healsMeanwhile) {
      poison.clear();
    }
    InboxRunnerBuilder builder =
        giving(FailurePolicy.follow(deadLetterTopic))
            .kafka(topic.consumerSettings("group.instance.id", "only-one"));
    InboxRunner next = started(builder);
    awaitReceived(next, 2);
    poison.clear();
    DeadLetters.Result result = builder.kafka(topic.consumerSettings()).deadLetters().apply();

    // Then
    assertThat(result.applied()).isEqualTo(healsMeanwhile ? 0 : 2);
    assertThat(Effects.in(database)).containsExactly("poison", "behind");
  }

  @Test
  void aDeadLetterMayBeDiscardedAndItsKeyFlowsAgain() throws Exception {
    // Given
    poison.add("a1");
    publish("a", "a1");
    InboxRunnerBuilder builder = giving(FailurePolicy.follow(deadLetterTopic));
    InboxRunner runner = started(builder);
    awaitReceived(runner, 1);
    DeadLetters letters = builder.deadLetters();
    DeadLetter letter = letters.list().get(0);

    // When
    assertThat(letters.discard(letter)).isTrue();
    assertThat(letters.discard(letter)).isFalse();
    publish("a", "a2");
    awaitReceived(runner, 2);

    // Then
    assertThat(letter.eventId()).isEqualTo("a1");
    assertThat(letter.attempts()).isEqualTo(2);
    assertThat(letter.reason()).isEqualTo("java.io.IOException");
    assertThat(Effects.in(database)).containsExactly("a2");
  }

  @Test
  void aDeadLetterTopicThatDoesNotExistIsNamedAtTheStart() {
    // Given
    InboxRunner runner = giving(FailurePolicy.follow("no.such.topic." + topic.name())).build();

    // Then
    assertThatThrownBy(runner::start)
        .isInstanceOf(InboxStartException.class)
        .hasMessageContaining("no.such.topic")
        .hasMessageContaining("create it");
  }

  @Test
  void aMissingTableOfDeadLettersIsNamedAtTheStart() throws SQLException {
    // Given
    database.execute("drop table inbox_dead_letter");
    InboxRunner runner = giving(FailurePolicy.follow(deadLetterTopic)).build();

    // Then
    assertThatThrownBy(runner::start)
        .isInstanceOf(InboxStartException.class)
        .hasMessageContaining("docs/sql/inbox_dead_letter.sql");
  }

  private static List<String> ids(List<ConsumerRecord<byte[], byte[]>> records) {
    return records.stream().map(record -> headers(record).get("id")).toList();
  }

  private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
    Map<String, String> headers = new TreeMap<>();
    for (Header header : record.headers()) {
      headers.put(header.key(), new String(header.value(), UTF_8));
    }
    return headers;
  }
}
