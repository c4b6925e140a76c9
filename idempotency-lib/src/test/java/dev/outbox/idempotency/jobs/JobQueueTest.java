package dev.outbox.idempotency.jobs;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.runAsync;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.local.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JobQueueTest extends JobTestBase {

  JobQueueTest(PostgresServer postgres) throws SQLException {
    super(postgres);
  }

  @Test
  void aRepeatEnqueuesNothingWhateverBecameOfTheFirst() throws SQLException {
    // Given
    enqueue(4);
    List<String> states = List.of("pending", "running", "done", "abandoned");
    for (int i = 0; i < states.size(); i++) {
      database.execute(
          "update durable_job set state = '%s' where business_id = 'order %d'"
              .formatted(states.get(i), i));
    }

    // When
    try (Connection connection = database.begin()) {
      for (int i = 0; i < states.size(); i++) {
        assertThat(queue.enqueue(connection, Job.of(key(i), "again"))).isFalse();
      }
      connection.commit();
    }

    // Then
    assertThat(database.query("select convert_from(payload, 'UTF8') from durable_job order by id"))
        .containsExactly("shipped 0", "shipped 1", "shipped 2", "shipped 3");
  }

  @Test
  void aJobIsThereExactlyIfTheEffectOfItsEventIs() throws SQLException {
    // Given
    database.migrate(InboxSchema::migrate);
    Inbox inbox = Inbox.forConsumer("notifications");

    // When: rolled back, delivered again and committed, delivered once more
    deliver(inbox, false);
    assertThat(states()).isEmpty();
    deliver(inbox, true);
    deliver(inbox, true);

    // Then
    assertThat(states()).containsExactly("pending 1");
  }

  private void deliver(Inbox inbox, boolean commit) throws SQLException {
    try (Connection connection = database.begin()) {
      inbox.process(
          connection,
          new EventKey("orders", "e1"),
          () -> {
            TestDatabase.execute(connection, "insert into effect (event_id) values ('e1')");
            queue.enqueue(connection, job(1));
          });
      if (commit) {
        connection.commit();
      }
    }
  }

  @Test
  void recipientTypeAndBusinessIdAreTheScope() throws SQLException {
    // When
    List<JobKey> keys =
        List.of(
            new JobKey("user", "mail", "1"),
            new JobKey("other", "mail", "1"),
            new JobKey("user", "push", "1"),
            new JobKey("user", "mail", "2"));
    try (Connection connection = database.begin()) {
      // Then
      List<Job> jobs = keys.stream().map(key -> Job.of(key, "")).toList();
      assertThat(queue.enqueueAll(connection, jobs)).containsExactlyInAnyOrderElementsOf(keys);
    }
  }

  @Test
  void ofSeveralWithOneKeyInAListTheFirstCounts() throws SQLException {
    try (Connection connection = database.begin()) {
      // When
      assertThat(
              queue.enqueueAll(connection, List.of(Job.of(key(1), "first"), Job.of(key(1), "2nd"))))
          .containsExactly(key(1));
      assertThat(queue.enqueueAll(connection, List.of())).isEmpty();
      connection.commit();
    }

    // Then
    assertThat(database.query("select convert_from(payload, 'UTF8') from durable_job"))
        .containsExactly("first");
  }

  @Test
  void anyBytesArePayload() throws SQLException {
    // Given
    byte[] bytes = {0, (byte) 0xff, '\\', '"', ',', '{'};

    // When
    enqueue(List.of(Job.of(key(1), bytes), Job.of(key(2), ""), job(3)));

    // Then
    assertThat(
            database.query("select encode(payload, 'hex') from durable_job order by business_id"))
        .containsExactly("00ff5c222c7b", "", hex("shipped 3"));
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void withoutATransactionNothingIsWritten() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> queue.enqueue(connection, job(1)))
          .isInstanceOf(TransactionRequiredException.class)
          .hasMessageContaining("setAutoCommit(false)");
    }
    assertThat(states()).isEmpty();
  }

  @Test
  void ofTwoTransactionsWithOneKeyTheSecondWaitsForTheFirst() throws SQLException {
    try (Connection first = database.begin();
        Connection second = database.begin()) {
      // Given
      queue.enqueue(first, job(1));

      // When
      CompletableFuture<Boolean> enqueued =
          supplyAsync(() -> enqueueUnchecked(second), TestDatabase.THREAD_EACH);
      awaitTrue(() -> database.waitingForLocks().size() == 1);
      first.rollback();

      // Then
      assertThat(enqueued).succeedsWithin(PATIENCE).isEqualTo(true);
    }
  }

  private boolean enqueueUnchecked(Connection connection) {
    try {
      return queue.enqueue(connection, job(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void overlappingBatchesInAnyOrderDoNotDeadlock() throws SQLException {
    // Given
    List<Job> jobs = IntStream.range(0, 200).mapToObj(JobTestBase::job).toList();

    // When
    CompletableFuture<?>[] callers =
        IntStream.range(0, 8)
            .mapToObj(seed -> runAsync(() -> enqueueShuffled(jobs, seed), TestDatabase.THREAD_EACH))
            .toArray(CompletableFuture[]::new);

    // Then
    assertThat(CompletableFuture.allOf(callers)).succeedsWithin(PATIENCE);
    assertThat(states()).containsExactly("pending 200");
  }

  private void enqueueShuffled(List<Job> jobs, int seed) {
    List<Job> shuffled = new ArrayList<>(jobs);
    Collections.shuffle(shuffled, new Random(seed));
    try {
      enqueue(shuffled);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void jobsDoneLongAgoAreDeletedInBoundedBatchesAndNoOthers() throws SQLException {
    // Given: five done long ago, one of them locked by somebody, and one of each other kind
    enqueue(9);
    database.execute(
        "update durable_job set state = 'done', finished_at = now() - interval '2 days'");
    database.execute("update durable_job set finished_at = now() where business_id = 'order 5'");
    database.execute("update durable_job set state = 'abandoned' where business_id = 'order 6'");
    database.execute("update durable_job set state = 'pending' where business_id = 'order 7'");
    database.execute("update durable_job set state = 'running' where business_id = 'order 8'");

    // When
    try (Connection other = database.begin();
        Connection connection = database.begin()) {
      TestDatabase.execute(
          other, "select from durable_job where business_id = 'order 0' for update");
      assertThat(queue.deleteDone(connection, Duration.ofDays(1), 3)).isEqualTo(3);
      assertThat(queue.deleteDone(connection, Duration.ofDays(1), 3)).isEqualTo(1);
      connection.commit();
    }

    // Then
    assertThat(database.query("select business_id from durable_job order by business_id"))
        .containsExactly("order 0", "order 5", "order 6", "order 7", "order 8");
  }
}
