package dev.outbox.relay.pipeline;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class ConfirmingTest {

  private final List<String> done = new CopyOnWriteArrayList<>();

  @Test
  void theSlotIsToldNothingThatIsNotRecorded() throws Exception {
    // Given a record that takes a while
    CountDownLatch recordable = new CountDownLatch(1);
    try (Confirming confirming =
        new Confirming(
            lsn -> {
              awaitUninterrupted(recordable);
              done.add("recorded " + lsn);
            },
            0)) {
      confirming.with(lsn -> done.add("confirmed " + lsn));
      FutureTask<Void> settling =
          new FutureTask<>(
              () -> {
                confirming.settledFinally(7);
                return null;
              });
      Thread thread = new Thread(settling);
      thread.start();
      // When all else is done
      await()
          .atMost(PATIENCE)
          .until(() -> thread.getState() == Thread.State.WAITING || !thread.isAlive());
      assertThat(confirming.confirmed()).isZero();
      recordable.countDown();
      settling.get();
      // Then only what is durable was confirmed
      assertThat(done).containsExactly("recorded 7", "confirmed 7");
      assertThat(confirming.confirmed()).isEqualTo(7);
    }
  }

  @Test
  void whatCannotBeRecordedIsNotConfirmed() {
    try (Confirming confirming =
        new Confirming(
            lsn -> {
              throw new IllegalStateException("no database");
            },
            0)) {
      confirming.with(lsn -> done.add("confirmed " + lsn));
      assertThatThrownBy(() -> confirming.settledFinally(7)).hasMessage("no database");
      assertThat(done).isEmpty();
      assertThat(confirming.confirmed()).isZero();
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
