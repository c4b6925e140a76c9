package dev.outbox.idempotency.jobs;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;

/** A database for each test, and workers that are stopped after it. */
@WithLocalStack
abstract class JobTestBase {

  static final Duration SOON = Duration.ofMillis(20);
  static final String TYPE = "order-shipped";

  final PostgresServer postgres;
  final TestDatabase database;
  final JobQueue queue = JobQueue.inDefaultTable();
  private final List<AutoCloseable> open = new ArrayList<>();

  JobTestBase(PostgresServer postgres) throws SQLException {
    this.postgres = postgres;
    this.database = TestDatabase.withEffects(postgres);
    database.applyPublished("durable_job");
  }

  @AfterEach
  void closeAll() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  <T extends AutoCloseable> T closedLater(T resource) {
    open.add(resource);
    return resource;
  }

  /** Looks often and tries again soon, so that tests need not wait. */
  JobWorker.Builder worker(JobHandler handler) {
    return JobWorker.builder()
        .dataSource(database.dataSource())
        .handler(TYPE, handler)
        .pollInterval(SOON)
        .backoff(SOON, SOON);
  }

  JobWorker started(JobWorker.Builder builder) {
    JobWorker worker = closedLater(builder.build());
    worker.start();
    return worker;
  }

  static JobKey key(int order) {
    return new JobKey("user " + order % 7, TYPE, "order " + order);
  }

  static Job job(int order) {
    return Job.of(key(order), "shipped " + order);
  }

  void enqueue(int jobs) throws SQLException {
    enqueue(IntStream.range(0, jobs).mapToObj(JobTestBase::job).toList());
  }

  void enqueue(List<Job> jobs) throws SQLException {
    try (Connection connection = database.begin()) {
      queue.enqueueAll(connection, jobs);
      connection.commit();
    }
  }

  boolean retryByHand(JobKey key) throws SQLException {
    try (Connection connection = database.begin()) {
      boolean found = queue.retry(connection, key);
      connection.commit();
      return found;
    }
  }

  /** Each state with the number of its jobs, such as {@code done 3}. */
  List<String> states() throws SQLException {
    return database.query(
        "select state || ' ' || count(*) from durable_job group by state order by state");
  }

  void awaitStates(String... states) {
    await()
        .atMost(PATIENCE)
        .pollInterval(SOON)
        .ignoreExceptionsInstanceOf(SQLException.class)
        .until(this::states, List.of(states)::equals);
  }

  static void awaitTrue(Callable<Boolean> condition) {
    await().atMost(PATIENCE).pollInterval(SOON).until(condition);
  }
}
