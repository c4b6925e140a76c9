package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** A consumer process that goes no further than the given point, and there waits for its end. */
final class RunnerToBeKilled {

  static final String REACHED = "kill point reached";

  /** In place of a dead-letter topic. */
  static final String BY_POSITION = "by position";

  /** Where the process stands when it is killed. */
  enum KillPoint {
    EFFECTS_WRITTEN,
    DATABASE_COMMITTED,
    DEAD_LETTER_SENT
  }

  private RunnerToBeKilled() {}

  public static void main(String[] arguments) {
    KillPoint point = KillPoint.valueOf(arguments[0]);
    TestDatabase database = new TestDatabase(arguments[4], arguments[5], arguments[6]);
    Map<String, Object> kafka = new HashMap<>();
    kafka.put("bootstrap.servers", arguments[3]);
    // A static member, so that the next process of this name takes over without a session timeout.
    kafka.put("group.instance.id", "only-one");
    InboxTransactions jdbc = InboxTransactions.of(database.dataSource());
    AtomicBoolean handled = new AtomicBoolean();
    AtomicBoolean failed = new AtomicBoolean();
    InboxRunnerBuilder builder =
        InboxRunner.builder()
            .consumer(arguments[2])
            .topics(arguments[1])
            .kafka(kafka)
            .transactions(
                work -> {
                  jdbc.inTransaction(
                      connection -> {
                        work.run(connection);
                        stopHereIf(handled.get() && point == KillPoint.EFFECTS_WRITTEN);
                        // Work that does not throw although the event failed: it was put aside.
                        stopHereIf(failed.get() && point == KillPoint.DEAD_LETTER_SENT);
                      });
                  stopHereIf(handled.get() && point == KillPoint.DATABASE_COMMITTED);
                })
            .handler(
                (connection, event) -> {
                  Effects.insert(connection, event);
                  handled.set(true);
                  if (event.id().equals("poison")) {
                    failed.set(true);
                    throw new IOException("cannot be applied");
                  }
                });
    if (arguments.length > 7 && arguments[7].equals(BY_POSITION)) {
      builder.deduplication(Deduplication.byPosition());
    } else if (arguments.length > 7) {
      builder
          .onFailure(FailurePolicy.follow(arguments[7]))
          .attempts(2)
          .retryWait(Duration.ofMillis(1), Duration.ofMillis(1));
    }
    builder.build().start();
  }

  private static void stopHereIf(boolean reached) throws InterruptedException {
    if (reached) {
      System.out.println(REACHED);
      new CountDownLatch(1).await();
    }
  }
}
