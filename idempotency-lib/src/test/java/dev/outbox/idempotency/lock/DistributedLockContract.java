package dev.outbox.idempotency.lock;

import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every lock does whose holder decides when it ends. */
abstract class DistributedLockContract {

  /** One name for each test, so that none sees another's. */
  final String name = "order " + UUID.randomUUID();

  abstract DistributedLock lock();

  static HeldLock held(LockResult result) {
    assertThat(result).isInstanceOf(LockResult.Acquired.class);
    return ((LockResult.Acquired) result).lock();
  }

  @Test
  void whoComesSecondFindsItBusyUntilItIsReleased() {
    // Given
    HeldLock first = held(lock().tryAcquire(name));

    // Then
    assertThat(lock().tryAcquire(name)).isEqualTo(new LockResult.Busy());
    held(lock().tryAcquire(name + " another")).release();
    first.release();
    held(lock().tryAcquire(name)).release();
  }

  @Test
  void releasingTwiceDoesNotTakeItFromTheNextHolder() {
    // Given
    HeldLock first = held(lock().tryAcquire(name));
    first.release();

    // When
    try (HeldLock second = held(lock().tryAcquire(name))) {
      first.release();

      // Then
      assertThat(lock().tryAcquire(name)).isEqualTo(new LockResult.Busy());
      assertThat(second.renew()).isTrue();
      assertThat(first.renew()).isFalse();
    }
  }

  @Test
  void theFenceGrowsWithEachHolder() {
    // When
    List<Long> fences =
        IntStream.range(0, 5)
            .mapToObj(
                i -> {
                  try (HeldLock held = held(lock().tryAcquire(name))) {
                    return held.fence().orElseThrow();
                  }
                })
            .toList();

    // Then
    assertThat(fences).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void ofManyAtOnceOneHasIt() throws InterruptedException {
    // Given
    int threads = 16;
    CountDownLatch together = new CountDownLatch(threads);

    // When
    List<CompletableFuture<LockResult>> attempts =
        IntStream.range(0, threads)
            .mapToObj(
                i ->
                    supplyAsync(
                        () -> {
                          together.countDown();
                          await(together);
                          return lock().tryAcquire(name);
                        },
                        TestDatabase.THREAD_EACH))
            .toList();
    List<LockResult> results =
        attempts.stream().map(a -> a.orTimeout(30, TimeUnit.SECONDS).join()).toList();

    // Then
    assertThat(results).filteredOn(LockResult.Busy.class::isInstance).hasSize(threads - 1);
    assertThat(results)
        .filteredOn(LockResult.Acquired.class::isInstance)
        .singleElement()
        .satisfies(result -> held(result).release());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aNameThatIsNoneIsRefused() {
    assertThatThrownBy(() -> lock().tryAcquire(" "))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lock name");
  }
}
