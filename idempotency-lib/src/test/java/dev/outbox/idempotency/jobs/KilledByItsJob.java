package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.TestDatabase;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A worker process that one of its jobs kills, together with what runs beside it. */
final class KilledByItsJob {

  static final String KILLER = "killer";
  static final int MOST_ATTEMPTS = 4;

  /** In which attempts of the killer another job dies with it; from then on it is alone. */
  static final int TOGETHER = 2;

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Until a killer that was taken with a job must be there. */
  private static final Duration MEETING = Duration.ofSeconds(2);

  private static final CountDownLatch KILLER_RUNS = new CountDownLatch(1);
  private static final Semaphore BESIDE_IT = new Semaphore(0);

  private KilledByItsJob() {}

  public static void main(String[] arguments) {
    TestDatabase database = new TestDatabase(arguments[0], arguments[1], arguments[2]);
    JobWorker.builder()
        .dataSource(database.dataSource())
        .handler(JobTestBase.TYPE, KilledByItsJob::handle)
        .concurrency(2)
        .maxAttempts(MOST_ATTEMPTS)
        .pollInterval(JobTestBase.SOON)
        .lease(Duration.ofMillis(500))
        .build()
        .start();
  }

  private static JobOutcome handle(JobAttempt attempt) throws InterruptedException {
    if (attempt.text().equals(KILLER)) {
      KILLER_RUNS.countDown();
      if (attempt.number() <= TOGETHER) {
        var unused = BESIDE_IT.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      }
      Runtime.getRuntime().halt(1);
    } else if (KILLER_RUNS.await(MEETING.toMillis(), TimeUnit.MILLISECONDS)) {
      BESIDE_IT.release();
      new CountDownLatch(1).await();
    }
    return JobOutcome.done();
  }
}
