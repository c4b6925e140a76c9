package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;

/** A database and a topic for each test, and runners that are stopped after it. */
@WithLocalStack
abstract class RunnerTestBase {

  static final Duration SOON = Duration.ofMillis(20);

  final PostgresServer postgres;
  final KafkaServer kafka;
  final TestDatabase database;
  final TestTopic topic;
  private final List<InboxRunner> runners = new ArrayList<>();

  RunnerTestBase(PostgresServer postgres, KafkaServer kafka, int partitions) throws SQLException {
    this.postgres = postgres;
    this.kafka = kafka;
    this.database = Effects.withInbox(postgres);
    this.topic = TestTopic.create(kafka, partitions);
  }

  @AfterEach
  void stopRunners() {
    runners.forEach(InboxRunner::stop);
    topic.close();
  }

  InboxRunnerBuilder runner() {
    return InboxRunner.builder()
        .consumer(topic.consumer())
        .topics(topic.name())
        .kafka(topic.consumerSettings())
        .dataSource(database.dataSource())
        .handler(Effects::insert)
        .retryWait(SOON, SOON);
  }

  InboxRunner started(InboxRunnerBuilder builder) {
    InboxRunner runner = builder.build();
    runners.add(runner);
    runner.start();
    return runner;
  }

  /** The first call does this, all later ones apply the effect. */
  static EventHandler atFirst(EventHandler first) {
    AtomicBoolean called = new AtomicBoolean();
    return (connection, event) -> {
      if (called.compareAndSet(false, true)) {
        first.handle(connection, event);
      } else {
        Effects.insert(connection, event);
      }
    };
  }

  static void awaitReceived(InboxRunner runner, long records) {
    awaitTrue(
        () -> {
          runner
              .failure()
              .ifPresent(
                  cause -> {
                    throw new AssertionError("The runner failed", cause);
                  });
          return runner.counts().received() >= records;
        });
  }

  static void awaitTrue(Callable<Boolean> condition) {
    await().atMost(PATIENCE).pollInterval(SOON).until(condition);
  }
}
