package dev.outbox.idempotency.lock;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.LocalRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RedisLockTest extends DistributedLockContract {

  private static final Duration SHORT = Duration.ofMillis(100);
  private static final LocalRedis SERVER = LocalRedis.started();
  private static final RedisClient CLIENT = RedisClient.create();
  private static final RedisLock LOCK =
      RedisLock.at(CLIENT, RedisURI.create("localhost", SERVER.port())).timeout(PATIENCE);

  @AfterAll
  static void close() {
    LOCK.close();
    CLIENT.shutdown(Duration.ZERO, PATIENCE);
    SERVER.close();
  }

  @Override
  DistributedLock lock() {
    return LOCK;
  }

  @Test
  void aLockWhoseHolderIsGoneIsFreeAfterItsLease() {
    // Given
    HeldLock lost = held(LOCK.lease(SHORT).tryAcquire(name));

    // When
    await().atMost(PATIENCE).until(() -> lock().tryAcquire(name) instanceof LockResult.Acquired);

    // Then: the first one cannot prolong nor release what is another's now
    assertThat(lost.renew()).isFalse();
    lost.release();
    assertThat(lock().tryAcquire(name)).isEqualTo(new LockResult.Busy());
  }

  @Test
  void renewingKeepsItBeyondItsLease() {
    // Given
    RedisLock brief = LOCK.lease(Duration.ofSeconds(2));
    HeldLock held = held(brief.tryAcquire(name));
    long firstEnd = System.nanoTime() + Duration.ofSeconds(2).toNanos();

    // Then
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              assertThat(held.renew()).isTrue();
              return System.nanoTime() - firstEnd > 0;
            });
    assertThat(lock().tryAcquire(name)).isEqualTo(new LockResult.Busy());
    held.release();
  }

  @Test
  void theFenceGrowsEvenWhenRedisHasForgottenIt() {
    // Given
    long before;
    try (HeldLock held = held(lock().tryAcquire(name))) {
      before = held.fence().orElseThrow();
    }

    // When
    SERVER.empty();

    // Then
    try (HeldLock held = held(lock().tryAcquire(name))) {
      assertThat(held.fence().orElseThrow()).isGreaterThan(before);
    }
  }

  @Test
  void aServerThatDoesNotAnswerIsUnavailableAfterTheTimeout() {
    // Given
    RedisLock impatient = LOCK.timeout(SHORT);
    HeldLock held = held(lock().tryAcquire(name));
    SERVER.pause();

    // Then
    try {
      assertThat(impatient.tryAcquire(name + "2")).isInstanceOf(LockResult.Unavailable.class);
    } finally {
      SERVER.resume();
    }
    assertThat(held.renew()).isTrue();
    held.release();
  }

  @Test
  void aServerThatComesBackIsUsedAgain() {
    // Given
    held(lock().tryAcquire(name));
    SERVER.kill();
    await()
        .atMost(PATIENCE)
        .until(() -> LOCK.timeout(SHORT).tryAcquire(name) instanceof LockResult.Unavailable);

    // When
    SERVER.start();

    // Then
    await().atMost(PATIENCE).until(() -> lock().tryAcquire(name) instanceof LockResult.Acquired);
  }

  @Test
  void aServerThatWasNeverThereIsUnavailableAndUsedOnceItIs() {
    // Given
    LocalRedis later = LocalRedis.started();
    later.kill();
    try (later;
        RedisLock waiting = RedisLock.at(CLIENT, RedisURI.create("localhost", later.port()))) {
      await()
          .atMost(PATIENCE)
          .until(() -> waiting.tryAcquire(name) instanceof LockResult.Unavailable);

      // When
      later.start();

      // Then
      await().atMost(PATIENCE).until(() -> waiting.tryAcquire(name) instanceof LockResult.Acquired);
    }
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    RedisLock lock = RedisLock.at(CLIENT, RedisURI.create("localhost", 1));
    assertThatThrownBy(() -> lock.lease(Duration.ZERO)).hasMessageContaining("lease(PT0S)");
    assertThatThrownBy(() -> lock.timeout(Duration.ofSeconds(-1)))
        .hasMessageContaining("timeout(PT-1S)");
  }
}
