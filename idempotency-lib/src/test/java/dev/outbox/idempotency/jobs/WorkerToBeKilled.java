package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.TestDatabase;
import java.time.Duration;

/** A worker process that sends to the receiver of the test until it is killed. */
final class WorkerToBeKilled {

  private WorkerToBeKilled() {}

  public static void main(String[] arguments) {
    TestDatabase database = new TestDatabase(arguments[1], arguments[2], arguments[3]);
    JobWorker.builder()
        .dataSource(database.dataSource())
        .handler(JobTestBase.TYPE, Receiver.calling(arguments[0], Duration.ofMinutes(1)))
        .concurrency(2)
        .lease(Duration.ofSeconds(2))
        .build()
        .start();
  }
}
