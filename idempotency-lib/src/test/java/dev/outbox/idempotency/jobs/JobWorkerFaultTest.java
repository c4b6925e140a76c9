package dev.outbox.idempotency.jobs;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.idempotency.jobs.Receiver.Conduct;
import dev.outbox.local.ChildProcess;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What may happen to a worker, and that every job still has its effect once. */
@Tag("slow")
class JobWorkerFaultTest extends JobTestBase {

  private static final int MANY = 10_000;

  JobWorkerFaultTest(PostgresServer postgres) throws SQLException {
    super(postgres);
  }

  @ParameterizedTest
  @EnumSource(names = {"WAIT_AND_ACT", "ACT_AND_WAIT"})
  void aWorkerKilledWhileItSendsNeitherMissesNorRepeatsAnEffect(Conduct whenKilled)
      throws SQLException {
    // Given: a process whose first two calls are with the receiver, which has acted or not
    Receiver receiver = closedLater(Receiver.atFirst(whenKilled));
    enqueue(20);
    try (ChildProcess child =
        ChildProcess.java()
            .mainClass(WorkerToBeKilled.class.getName())
            .arguments(receiver.url(), database.url(), database.user(), database.password())
            .start()) {
      awaitTrue(() -> receiver.waiting() == 2);

      // When
      child.sigkill();
    }
    assertThat(states()).containsExactly("pending 16", "running 4");
    assertThat(database.query("select sum(attempts) from durable_job")).containsExactly("2");
    receiver.behave((key, call) -> Conduct.ACT);
    started(worker(receiver.handler()));
    awaitStates("done 20");
    receiver.release();
    awaitTrue(() -> receiver.waiting() == 0);

    // Then: the two calls were repeated, with their keys
    assertThat(receiver.calls()).isEqualTo(22);
    assertThat(receiver.effects()).hasSize(20);
    assertThat(receiver.effects())
        .containsExactlyInAnyOrderEntriesOf(
            IntStream.range(0, 20)
                .boxed()
                .collect(toMap(i -> key(i).idempotencyKey(), i -> "shipped " + i)));
  }

  @Test
  void aJobThatKillsItsWorkersIsGivenUpAndTakesNoOtherAlong() throws SQLException, IOException {
    // Given: two run at once; the first kills its process as soon as the second is there
    enqueue(List.of(Job.of(key(0), KilledByItsJob.KILLER)));
    enqueue(List.of(job(1), job(2), job(3)));

    // When: the process is started again and again
    int deaths = 0;
    while (states().stream().noneMatch(state -> state.startsWith("abandoned"))) {
      try (ChildProcess child =
          ChildProcess.java()
              .mainClass(KilledByItsJob.class.getName())
              .arguments(database.url(), database.user(), database.password())
              .start()) {
        awaitTrue(() -> !child.isAlive() || states().contains("abandoned 1"));
        deaths += child.isAlive() ? 0 : 1;
      }
      assertThat(deaths).isLessThanOrEqualTo(KilledByItsJob.MOST_ATTEMPTS);
    }

    // Then
    assertThat(deaths).isEqualTo(KilledByItsJob.MOST_ATTEMPTS);
    assertThat(states()).containsExactly("abandoned 1", "done 3");
    assertThat(database.query("select reason from durable_job where state = 'abandoned'"))
        .containsExactly(JobStore.NO_OUTCOME);
    assertThat(database.query("select attempts from durable_job order by id"))
        .containsExactly(
            String.valueOf(KilledByItsJob.MOST_ATTEMPTS),
            String.valueOf(KilledByItsJob.TOGETHER + 1),
            "1",
            "1");
  }

  @Test
  void aDatabaseKilledAndStartedAgainWhileJobsRunChangesNothingInTheResult() throws SQLException {
    // Given: outcomes that cannot be written
    Receiver receiver =
        closedLater(new Receiver((key, call) -> call == 1 ? Conduct.ACT_AND_WAIT : Conduct.ACT));
    enqueue(100);
    JobWorker worker =
        started(worker(receiver.handler()).concurrency(4).lease(Duration.ofSeconds(5)));
    awaitTrue(() -> receiver.waiting() == 4);

    // When
    postgres.kill();
    receiver.release();
    awaitTrue(() -> worker.state() instanceof WorkerState.DatabaseAway);
    postgres.start();
    awaitStates("done 100");

    // Then: an outcome that was only late is written, not worked for again
    assertThat(receiver.effects()).hasSize(100);
    assertThat(receiver.calls()).isEqualTo(100);
    assertThat(worker.state()).isEqualTo(new WorkerState.Running());
  }

  @Test
  void tenThousandJobsSharedByTwoWorkersAreEachDoneOnceAtABadReceiver() throws SQLException {
    // Given: of ten calls one fails, and one is acted upon and never answered
    Receiver receiver =
        closedLater(
            new Receiver(
                (key, call) ->
                    switch (Math.floorMod(key.hashCode() + call, 10)) {
                      case 0 -> Conduct.FAIL;
                      case 1 -> Conduct.ACT_AND_HANG_UP;
                      default -> Conduct.ACT;
                    }));
    enqueue(MANY);

    // When
    JobWorker first = started(worker(receiver.directly()).dataSource(pool()));
    JobWorker second = started(worker(receiver.directly()).dataSource(pool()));
    awaitStates("done " + MANY);

    // Then
    assertThat(receiver.effects()).hasSize(MANY);
    first.stop();
    second.stop();
    assertThat(first.counts().done() + second.counts().done()).isEqualTo(MANY);
    assertThat(first.counts().done()).isPositive();
    assertThat(second.counts().done()).isPositive();
    assertThat(first.counts().tooLate() + second.counts().tooLate()).isZero();
    assertThat(receiver.calls())
        .isEqualTo(MANY + first.counts().failedAttempts() + second.counts().failedAttempts());
  }

  private HikariDataSource pool() {
    HikariDataSource pool = new HikariDataSource();
    pool.setDataSource(database.dataSource());
    pool.setMaximumPoolSize(9);
    return closedLater(pool);
  }
}
