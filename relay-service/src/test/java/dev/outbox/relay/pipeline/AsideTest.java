package dev.outbox.relay.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AsideTest {

  private final CountDownLatch answer = new CountDownLatch(1);
  private final List<String> done = new CopyOnWriteArrayList<>();

  @Test
  void whatIsUnderWayWhenItsThreadIsInterruptedIsStillWaitedFor() throws InterruptedException {
    try (Aside aside = new Aside("aside-test")) {
      // Given a commit that Kafka does not answer
      aside.begin(this::commit);
      // When a stop interrupts the thread that waits for it
      Thread.currentThread().interrupt();
      assertThatThrownBy(aside::finish).isInstanceOf(InterruptedException.class);
      // Then nothing else can begin meanwhile, and the end waits for it
      assertThat(aside.isBegun()).isTrue();
      assertThatThrownBy(() -> aside.begin(() -> done.add("overtaken")))
          .isInstanceOf(IllegalStateException.class);
      answer.countDown();
      aside.finish();
      assertThat(done).containsExactly("committed");
      assertThat(aside.isBegun()).isFalse();
    }
  }

  @Test
  void theEndWaitsForWhatIsUnderWay() throws InterruptedException {
    Aside aside = new Aside("aside-test");
    aside.begin(this::commit);
    Thread closing = new Thread(aside::close);
    closing.start();
    answer.countDown();
    closing.join();
    assertThat(done).containsExactly("committed");
  }

  @Test
  void whatFailedIsToldOnce() throws InterruptedException {
    try (Aside aside = new Aside("aside-test")) {
      aside.begin(
          () -> {
            throw new IllegalArgumentException("refused");
          });
      assertThatThrownBy(aside::finish).hasMessage("refused");
      aside.begin(() -> done.add("the next"));
      aside.finish();
      assertThat(done).containsExactly("the next");
    }
  }

  private void commit() {
    try {
      if (answer.await(30, TimeUnit.SECONDS)) {
        done.add("committed");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
