package dev.outbox.idempotency.jobs;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.runAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.jobs.Receiver.Conduct;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class JobWorkerTest extends JobTestBase {

  private static final Duration LONG = Duration.ofMinutes(10);

  JobWorkerTest(PostgresServer postgres) throws SQLException {
    super(postgres);
  }

  @Test
  void everyJobReachesItsReceiverOnceWithItsPayloadAndItsKey() throws SQLException {
    // Given
    Receiver receiver = closedLater(Receiver.wellBehaved());
    enqueue(50);

    // When
    JobWorker worker = started(worker(receiver.handler()));
    awaitStates("done 50");

    // Then
    assertThat(receiver.calls()).isEqualTo(50);
    assertThat(receiver.effects()).hasSize(50);
    assertThat(receiver.effects()).containsEntry(key(7).idempotencyKey(), "shipped 7");
    awaitTrue(() -> worker.counts().equals(new WorkerCounts(50, 0, 0, 0)));
  }

  @Test
  void aFailedAttemptIsRepeatedAfterAGrowingWaitWithTheSameKey() throws SQLException {
    // Given
    Receiver receiver =
        closedLater(new Receiver((key, call) -> call < 4 ? Conduct.FAIL : Conduct.ACT));
    enqueue(10);

    // When
    JobWorker worker = started(worker(receiver.handler()));
    awaitStates("done 10");

    // Then
    assertThat(receiver.calls()).isEqualTo(40);
    assertThat(receiver.effects()).hasSize(10);
    assertThat(database.query("select distinct attempts from durable_job")).containsExactly("4");
    awaitTrue(() -> worker.counts().equals(new WorkerCounts(10, 30, 0, 0)));
  }

  @Test
  void aJobWaitsAsLongAsTheReceiverSays() throws SQLException {
    // Given
    enqueue(1);

    // When
    started(worker(attempt -> JobOutcome.retry("429", Duration.ofHours(1))));
    awaitBegun();
    awaitStates("pending 1");

    // Then
    assertThat(
            database.query(
                """
                select reason from durable_job
                where due_at between now() + interval '59 minutes' and now() + interval '1 hour'
                """))
        .containsExactly("429");
  }

  @Test
  void anAnswerThatNeverCameIsNotAnEffectTwice() throws SQLException {
    // Given: the receiver acts and the connection ends without an answer
    Receiver receiver = closedLater(Receiver.atFirst(Conduct.ACT_AND_HANG_UP));
    enqueue(20);

    // When
    started(worker(receiver.handler()));
    awaitStates("done 20");

    // Then
    assertThat(receiver.calls()).isGreaterThanOrEqualTo(40);
    assertThat(receiver.effects()).hasSize(20);
  }

  @Test
  void aReceiverThatAnswersAfterTheCallerGaveUpActsOnce() throws SQLException {
    // Given: it takes the first call of each job and does nothing for now
    Receiver receiver = closedLater(Receiver.atFirst(Conduct.WAIT_AND_ACT));
    enqueue(5);

    // When: the calls time out, are repeated, and only then the first ones get through
    started(worker(receiver.handler(Duration.ofMillis(300))));
    awaitStates("done 5");
    assertThat(receiver.waiting()).isEqualTo(5);
    receiver.release();
    awaitTrue(() -> receiver.waiting() == 0);

    // Then
    assertThat(receiver.calls()).isGreaterThanOrEqualTo(10);
    assertThat(receiver.effects()).hasSize(5);
  }

  @Test
  void aJobThatNeverSucceedsIsGivenUpWithItsReasonAndTriedAgainByHand() throws SQLException {
    // Given
    Receiver receiver = closedLater(new Receiver((key, call) -> Conduct.FAIL));
    enqueue(1);
    JobWorker worker = started(worker(receiver.handler()).maxAttempts(3));
    awaitStates("abandoned 1");

    // When
    List<AbandonedJob> abandoned;
    try (Connection connection = database.begin()) {
      abandoned = queue.abandoned(connection, 10);
    }
    assertThat(receiver.calls()).isEqualTo(3);
    assertThat(retryByHand(key(5))).isFalse();
    receiver.behave((key, call) -> Conduct.ACT);
    assertThat(retryByHand(key(0))).isTrue();
    awaitStates("done 1");

    // Then
    assertThat(abandoned)
        .singleElement()
        .satisfies(
            job -> {
              assertThat(job.key()).isEqualTo(key(0));
              assertThat(job.attempts()).isEqualTo(3);
              assertThat(job.reason()).isEqualTo("HTTP status 503");
            });
    awaitTrue(() -> worker.counts().equals(new WorkerCounts(1, 2, 1, 0)));
    assertThat(receiver.effects()).hasSize(1);
    assertThat(retryByHand(key(0))).isFalse();
  }

  @Test
  void allJobsOfATypeThatWereGivenUpAreTriedAgainTogether() throws SQLException {
    // Given
    enqueue(3);
    JobWorker worker = started(worker(attempt -> JobOutcome.giveUp("no such address")));
    awaitStates("abandoned 3");
    worker.stop();

    // When
    try (Connection connection = database.begin()) {
      assertThat(queue.retryAll(connection, "another")).isZero();
      assertThat(queue.retryAll(connection, TYPE)).isEqualTo(3);
      connection.commit();
    }

    // Then
    assertThat(states()).containsExactly("pending 3");
    assertThat(database.query("select distinct attempts from durable_job")).containsExactly("0");
  }

  @Test
  void whateverAHandlerThrowsIsAFailedAttemptAndTheWorkerGoesOn() throws SQLException {
    // Given
    enqueue(4);
    Queue<Throwable> failures =
        new ConcurrentLinkedQueue<>(
            List.of(
                new IOException("away\0"),
                new IllegalStateException("\ud800"),
                new StackOverflowError(),
                new InterruptedException()));
    JobHandler handler =
        attempt -> {
          Throwable failure = failures.poll();
          if (failure instanceof Exception e) {
            throw e;
          } else if (failure instanceof Error e) {
            throw e;
          }
          return JobOutcome.done();
        };

    // When
    JobWorker worker = started(worker(handler));

    // Then
    awaitStates("done 4");
    awaitTrue(() -> worker.counts().equals(new WorkerCounts(4, 4, 0, 0)));
  }

  @Test
  void jobsOfOtherTypesAreLeftToOtherWorkers() throws SQLException {
    // Given
    enqueue(List.of(Job.of(new JobKey("user", "of a newer release", "1"), ""), job(1)));

    // When
    started(worker(attempt -> JobOutcome.done()));

    // Then
    awaitStates("done 1", "pending 1");
    assertThat(database.query("select attempts from durable_job where state = 'pending'"))
        .containsExactly("0");
  }

  @Test
  void whatTheHandlerRecordsIsCommittedWithTheJob() throws SQLException {
    // Given
    enqueue(2);
    AtomicInteger attempts = new AtomicInteger();

    // When: one of them cannot be recorded at first
    started(
        worker(
            attempt -> {
              boolean refuse = attempts.incrementAndGet() == 1;
              return JobOutcome.done(
                  connection -> {
                    TestDatabase.execute(
                        connection,
                        "insert into effect (event_id) values ('%s')"
                            .formatted(attempt.key().businessId()));
                    if (refuse) {
                      throw new IOException("rolls the record back");
                    }
                  });
            }));
    awaitStates("done 2");

    // Then
    assertThat(database.query("select event_id from effect order by event_id"))
        .containsExactly("order 0", "order 1");
    assertThat(attempts).hasValue(3);
  }

  @Test
  void aDatabaseErrorThatARecordingSwallowedDoesNotLoseTheOutcomeInSilence() throws SQLException {
    // Given
    enqueue(1);
    AtomicInteger attempts = new AtomicInteger();

    // When
    started(
        worker(
            attempt ->
                attempts.incrementAndGet() > 1
                    ? JobOutcome.done()
                    : JobOutcome.done(
                        connection -> {
                          try {
                            TestDatabase.execute(connection, "select 1 / 0");
                          } catch (SQLException e) {
                            assertThat(e.getSQLState()).isEqualTo("22012");
                          }
                        })));

    // Then
    awaitStates("done 1");
    assertThat(attempts).hasValue(2);
  }

  @Test
  void aRecordingThatFailsAtTheCommitIsAFailedAttemptAndHoldsUpNobody() throws SQLException {
    // Given: a constraint that is looked at by the commit alone
    database.execute("create table receipt (number int primary key deferrable initially deferred)");
    database.execute("insert into receipt values (1)");
    enqueue(1);
    AtomicInteger attempts = new AtomicInteger();

    // When
    started(
        worker(
            attempt ->
                attempts.incrementAndGet() > 1
                    ? JobOutcome.done()
                    : JobOutcome.done(
                        connection ->
                            TestDatabase.execute(connection, "insert into receipt values (1)"))));

    // Then
    awaitStates("done 1");
    assertThat(attempts).hasValue(2);
  }

  @Test
  void aHandlerThatTakesLongerThanTheLeaseKeepsItsJob() throws SQLException {
    // Given: a lease that would run out many times while the receiver waits
    Receiver receiver = closedLater(Receiver.atFirst(Conduct.ACT_AND_WAIT));
    enqueue(1);
    started(worker(receiver.handler()).lease(Duration.ofSeconds(3)));
    awaitTrue(() -> receiver.waiting() == 1);
    String leaseEnd = leaseEnd();

    // When
    started(worker(receiver.handler()).lease(Duration.ofSeconds(3)));
    awaitTrue(
        () ->
            !database
                .query("select 1 from durable_job where due_at > '%s'".formatted(leaseEnd))
                .isEmpty());
    awaitTrue(
        () ->
            !database
                .query(
                    "select 1 where now() > timestamptz '%s' + interval '1 s'".formatted(leaseEnd))
                .isEmpty());
    receiver.release();
    awaitStates("done 1");

    // Then
    assertThat(receiver.calls()).isEqualTo(1);
  }

  private String leaseEnd() throws SQLException {
    return database.query("select due_at from durable_job").get(0);
  }

  @Test
  void aHandlerBeyondItsTimeoutIsInterruptedAndTheJobTriedAgain() throws SQLException {
    // Given
    enqueue(1);

    // When
    started(
        worker(
                attempt -> {
                  if (attempt.number() == 1) {
                    new CountDownLatch(1).await();
                  }
                  return JobOutcome.done();
                })
            .lease(Duration.ofMillis(300))
            .attemptTimeout(Duration.ofMillis(300)));

    // Then
    awaitStates("done 1");
    assertThat(database.query("select attempts from durable_job")).containsExactly("2");
  }

  @Test
  void aHandlerThatDoesNotHeedItsInterruptLosesTheJobToAnotherWorker() throws SQLException {
    // Given
    CountDownLatch gate = new CountDownLatch(1);
    enqueue(1);
    JobWorker stuck =
        started(
            worker(attempt -> awaitWhateverComes(gate))
                .lease(Duration.ofMillis(300))
                .attemptTimeout(Duration.ofMillis(100)));
    awaitBegun();

    // When
    started(worker(attempt -> JobOutcome.done()));
    awaitStates("done 1");
    gate.countDown();

    // Then
    awaitTrue(() -> stuck.counts().equals(new WorkerCounts(0, 0, 0, 1)));
  }

  private void awaitBegun() {
    awaitTrue(() -> !database.query("select 1 from durable_job where attempts = 1").isEmpty());
  }

  private static JobOutcome awaitWhateverComes(CountDownLatch gate) {
    while (gate.getCount() > 0) {
      try {
        gate.await();
      } catch (InterruptedException e) {
        continue;
      }
    }
    return JobOutcome.giveUp("too late");
  }

  @Test
  void aLateWorkerDoesNotWriteOverItsSuccessor() throws SQLException {
    // Given: a worker that was away longer than its lease, as after a pause of its machine
    CountDownLatch late = new CountDownLatch(1);
    CountDownLatch current = new CountDownLatch(1);
    enqueue(1);
    JobWorker first =
        started(
            worker(
                    attempt -> {
                      late.await();
                      return JobOutcome.done(
                          c ->
                              TestDatabase.execute(
                                  c, "insert into effect values (default, 'late')"));
                    })
                .lease(LONG));
    awaitBegun();
    database.execute("update durable_job set due_at = now() - interval '1 s'");

    // When: another has taken the job over and still works on it
    started(
        worker(
                attempt -> {
                  current.await();
                  return JobOutcome.retry("of the second", LONG);
                })
            .lease(LONG));
    awaitTrue(() -> !database.query("select 1 from durable_job where fence = 2").isEmpty());
    late.countDown();
    awaitTrue(() -> first.counts().equals(new WorkerCounts(0, 0, 0, 1)));
    assertThat(states()).containsExactly("running 1");
    current.countDown();

    // Then
    awaitStates("pending 1");
    assertThat(database.query("select reason from durable_job")).containsExactly("of the second");
    assertThat(database.query("select 1 from effect")).isEmpty();
  }

  @Test
  void aWorkerDoesNotTakeAJobOverFromItself() throws SQLException {
    // Given: a handler that hangs, so that its lease has run out
    CountDownLatch gate = new CountDownLatch(1);
    enqueue(1);
    started(
        worker(
                attempt -> {
                  if (attempt.key().equals(key(0))) {
                    gate.await();
                  }
                  return JobOutcome.done();
                })
            .lease(LONG));
    awaitStates("running 1");
    database.execute("update durable_job set due_at = now() - interval '1 s'");

    // When: it has looked for jobs again
    enqueue(List.of(job(1)));
    awaitStates("done 1", "running 1");

    // Then
    assertThat(database.query("select fence from durable_job where state = 'running'"))
        .containsExactly("1");
    gate.countDown();
    awaitStates("done 2");
  }

  @Test
  void aJobWhoseWorkersAlwaysEndWithoutAnOutcomeIsGivenUp() throws SQLException {
    // Given: as after the last of three attempts that ended the process
    enqueue(1);
    database.execute(
        "update durable_job set state = 'running', attempts = 3, fence = 3, due_at = now()");

    // When
    AtomicInteger handled = new AtomicInteger();
    JobWorker worker =
        started(
            worker(
                    attempt -> {
                      handled.incrementAndGet();
                      return JobOutcome.done();
                    })
                .maxAttempts(3));

    // Then
    awaitStates("abandoned 1");
    assertThat(database.query("select reason from durable_job"))
        .containsExactly(JobStore.NO_OUTCOME);
    assertThat(database.query("select attempts from durable_job")).containsExactly("3");
    assertThat(handled).hasValue(0);
    awaitTrue(() -> worker.counts().abandoned() == 1);
  }

  @Test
  void aJobThatMayBeWhatEndsItsWorkersRunsWithoutAnyOtherBesideIt() throws SQLException {
    // Given: the second of three has twice been begun and left without an outcome
    enqueue(List.of(job(0)));
    enqueue(List.of(job(1)));
    enqueue(List.of(job(2)));
    database.execute(
        """
        update durable_job set state = 'running', attempts = 2, fence = 2
        where business_id = 'order 1'
        """);
    Semaphore running = new Semaphore(0);
    Queue<JobKey> inOrder = new ConcurrentLinkedQueue<>();
    Queue<JobKey> met = new ConcurrentLinkedQueue<>();

    // When: each waits for another
    started(
        worker(
                attempt -> {
                  inOrder.add(attempt.key());
                  running.release();
                  if (running.tryAcquire(2, 300, TimeUnit.MILLISECONDS)) {
                    met.add(attempt.key());
                  } else {
                    running.acquire();
                  }
                  return JobOutcome.done();
                })
            .concurrency(3));
    awaitStates("done 3");

    // Then
    assertThat(met).isEmpty();
    assertThat(inOrder).containsExactly(key(0), key(1), key(2));
  }

  @Test
  void noMoreHandlersRunAtOnceThanAllowed() throws SQLException {
    // Given
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch three = new CountDownLatch(3);
    enqueue(60);

    // When
    started(
        worker(
                attempt -> {
                  most.accumulateAndGet(running.incrementAndGet(), Math::max);
                  three.countDown();
                  three.await();
                  running.decrementAndGet();
                  return JobOutcome.done();
                })
            .concurrency(3));
    awaitStates("done 60");

    // Then
    assertThat(most).hasValue(3);
  }

  @Test
  void stopLetsRunningHandlersFinishAndHandsBackWhatWasNotBegun() throws SQLException {
    // Given: two run, two more are in hand, six are not taken
    Receiver receiver = closedLater(Receiver.atFirst(Conduct.WAIT_AND_ACT));
    enqueue(10);
    JobWorker worker = started(worker(receiver.handler()).concurrency(2));
    awaitTrue(() -> receiver.waiting() == 2);
    awaitStates("pending 6", "running 4");

    // When
    CompletableFuture<Void> stopped = runAsync(worker::stop, TestDatabase.THREAD_EACH);
    awaitStates("pending 8", "running 2");
    assertThat(worker.state()).isEqualTo(new WorkerState.Stopping());
    assertThat(stopped).isNotDone();
    receiver.release();

    // Then
    assertThat(stopped).succeedsWithin(PATIENCE);
    assertThat(worker.state()).isEqualTo(new WorkerState.Stopped());
    assertThat(states()).containsExactly("done 2", "pending 8");
    assertThat(database.query("select sum(attempts) from durable_job where state = 'pending'"))
        .containsExactly("0");
    assertThat(receiver.calls()).isEqualTo(2);
    worker.stop();
    assertThatThrownBy(worker::start).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void stopInterruptsHandlersThatDoNotFinishInTime() throws SQLException {
    // Given
    enqueue(1);
    JobWorker worker =
        started(
            worker(
                    attempt -> {
                      new CountDownLatch(1).await();
                      return JobOutcome.done();
                    })
                .stopTimeout(Duration.ofMillis(100)));
    awaitStates("running 1");

    // When
    worker.stop();

    // Then
    assertThat(states()).containsExactly("pending 1");
    assertThat(database.query("select reason from durable_job").get(0)).startsWith("Interrupted");
  }

  @Test
  void aHandlerMayAskItsOwnWorkerToStop() throws SQLException {
    // Given
    CompletableFuture<JobWorker> self = new CompletableFuture<>();
    enqueue(1);

    // When
    JobWorker worker =
        started(
            worker(
                attempt -> {
                  self.get().stop();
                  return JobOutcome.done();
                }));
    self.complete(worker);

    // Then
    awaitTrue(() -> worker.state() instanceof WorkerState.Stopped);
    assertThat(states()).containsExactly("done 1");
  }

  @Test
  void jobsDoneLongAgoExpireWhileTheWorkerRuns() throws SQLException {
    // Given: more than one batch of them
    int old = Dispatcher.EXPIRY_BATCH * 2 + 10;
    enqueue(old);
    database.execute(
        "update durable_job set state = 'done', finished_at = now() - interval '31 days'");
    enqueue(List.of(job(-1)));

    // When
    started(worker(attempt -> JobOutcome.done()));

    // Then
    awaitStates("done 1");
  }
}
