package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.runAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InboxRunnerLifecycleTest extends RunnerTestBase {

  private static final Duration LONG = Duration.ofHours(1);

  InboxRunnerLifecycleTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  @Test
  void stopMayBeCalledByAnyThreadAndAnyNumberOfTimes() {
    // Given
    InboxRunner runner = started(runner());

    // When
    CompletableFuture<Void> together =
        CompletableFuture.allOf(runAsync(runner::stop), runAsync(runner::stop));
    runner.stop();
    runner.close();

    // Then
    assertThat(together).succeedsWithin(PATIENCE);
    assertThat(runner.ended()).succeedsWithin(PATIENCE);
    assertThat(runner.state()).isEqualTo(new RunnerState.Stopped());
    assertThat(runner.failure()).isEmpty();
  }

  @Test
  void stopFinishesTheBatchInHandAndCommitsItsOffsets() throws Exception {
    // Given
    topic.publish("e1");
    HeldHandler held = new HeldHandler();
    InboxRunner runner = started(runner().handler(held));
    held.awaitEntered();

    // When
    CompletableFuture<Void> stop = runAsync(runner::stop);
    awaitTrue(() -> runner.state() instanceof RunnerState.Stopping);
    assertThat(stop).isNotDone();
    held.release();

    // Then
    assertThat(stop).succeedsWithin(PATIENCE);
    assertThat(Effects.in(database)).containsExactly("e1");
    assertThat(topic.committed(0)).isEqualTo(1);
  }

  @Test
  void theHandlerMayStopItsOwnRunner() throws SQLException {
    // Given
    topic.publish("e1");
    CompletableFuture<InboxRunner> self = new CompletableFuture<>();
    InboxRunner runner =
        started(
            runner()
                .handler(
                    (connection, event) -> {
                      Effects.insert(connection, event);
                      self.join().stop();
                    }));

    // When
    self.complete(runner);

    // Then
    assertThat(runner.ended()).succeedsWithin(PATIENCE);
    assertThat(Effects.in(database)).containsExactly("e1");
    assertThat(topic.committed(0)).isEqualTo(1);
  }

  @Test
  void stopEndsTheWaitBetweenAttempts() throws SQLException {
    // Given
    topic.publish("e1");
    InboxRunner runner =
        started(
            runner()
                .retryWait(LONG, LONG)
                .handler(
                    (connection, event) -> {
                      throw new IOException("no");
                    }));
    awaitTrue(() -> runner.state() instanceof RunnerState.Retrying);

    // When
    CompletableFuture<Void> stop = runAsync(runner::stop);

    // Then
    assertThat(stop).succeedsWithin(PATIENCE);
    assertThat(Effects.markers(database)).isEmpty();
    assertThat(topic.committed(0)).isZero();
  }

  @Test
  void aStoppedRunnerLeavesItsGroupSoThatTheNextTakesOverAtOnce() throws SQLException {
    // Given: the session of a member that does not leave would last longer than this test waits
    started(runner()).stop();
    topic.publish("e1");

    // When
    awaitReceived(started(runner()), 1);

    // Then
    assertThat(Effects.in(database)).containsExactly("e1");
  }

  @Test
  void aRunnerLivesOnce() {
    // Given
    InboxRunner used = started(runner());
    InboxRunner neverStarted = runner().build();
    neverStarted.stop();

    // Then
    assertThatThrownBy(used::start).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(neverStarted::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("build a new one");
    assertThat(neverStarted.state()).isEqualTo(new RunnerState.Stopped());
  }

  @Test
  void startFailsWithTheRemedyWhenTheTableIsMissing() throws SQLException {
    // Given
    database.execute("drop table inbox_event");
    InboxRunner runner = runner().build();

    // Then
    assertThatThrownBy(runner::start)
        .isInstanceOf(InboxStartException.class)
        .hasMessageContaining("InboxSchema.migrate")
        .hasCauseInstanceOf(InboxSchemaException.class);
    assertThat(runner.state()).isInstanceOf(RunnerState.Failed.class);
  }

  @Test
  void startFailsWhenTheTransactionsAreNone() {
    // Given
    InboxRunner runner =
        runner()
            .transactions(
                work -> {
                  try (var connection = database.dataSource().getConnection()) {
                    work.run(connection);
                  }
                })
            .build();

    // Then
    assertThatThrownBy(runner::start).hasCauseInstanceOf(TransactionRequiredException.class);
  }

  @Test
  void startFailsWithinItsTimeoutWhenKafkaDoesNotAnswer() {
    // Given
    InboxRunner runner =
        runner()
            .kafka(Map.of("bootstrap.servers", "localhost:1"))
            .startTimeout(Duration.ofSeconds(1))
            .build();

    // Then
    assertThatThrownBy(runner::start)
        .isInstanceOf(InboxStartException.class)
        .hasMessageContaining("bootstrap.servers=localhost:1");
    assertThat(runner.ended()).succeedsWithin(PATIENCE);
  }
}
