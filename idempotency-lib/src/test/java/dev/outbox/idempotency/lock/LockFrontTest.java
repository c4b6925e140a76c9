package dev.outbox.idempotency.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What the front makes of each result, with a scripted lock. */
class LockFrontTest {

  private static final LockResult GONE = new LockResult.Unavailable(new IOException("gone"));
  private static final LockResult BUSY = new LockResult.Busy();

  private final Deque<LockResult> script = new ArrayDeque<>();
  private final AtomicInteger released = new AtomicInteger();
  private final LockFront front =
      LockFront.of(name -> script.remove()).restAfterFailure(Duration.ZERO);

  @Test
  void workUnderTheLockIsDoneAndTheLockReleased() {
    script.add(acquired());
    assertThat(front.run("x", lock -> lock.flatMap(held -> Optional.of(held.fence().getAsLong()))))
        .isEqualTo(new Guarded.Done<>(Optional.of(7L), true));
    assertThat(released).hasValue(1);
  }

  @Test
  void theLockIsReleasedWhenTheWorkFails() {
    script.add(acquired());
    assertThatThrownBy(
            () ->
                front.run(
                    "x",
                    lock -> {
                      throw new IOException("of the work");
                    }))
        .isInstanceOf(IOException.class);
    assertThat(released).hasValue(1);
  }

  @Test
  void workThatIsUnderWayIsNotBegun() {
    script.add(BUSY);
    assertThat(front.run("x", lock -> "done")).isEqualTo(new Guarded.Busy<>());
  }

  @Test
  void withoutItsServerWorkGoesOnUnlessItIsToBeRefused() {
    script.addAll(List.of(GONE, GONE));
    assertThat(front.run("x", lock -> lock.isPresent()))
        .isEqualTo(new Guarded.Done<>(false, false));
    assertThat(front.whenUnavailable(WhenUnavailable.REFUSE).run("x", lock -> "done"))
        .isInstanceOf(Guarded.Refused.class);
  }

  @Test
  void aServerThatIsGoneIsNotAskedAgainForAWhile() {
    // Given: a second question would find the script empty and throw
    LockFront resting = front.restAfterFailure(Duration.ofHours(1));
    script.add(GONE);

    // Then
    for (int i = 0; i < 3; i++) {
      assertThat(resting.run("x", lock -> "done")).isEqualTo(new Guarded.Done<>("done", false));
    }
  }

  @Test
  void afterTheRestItIsAskedAndUsedAgain() {
    script.addAll(List.of(GONE, BUSY, acquired()));
    assertThat(front.run("x", lock -> "done")).isEqualTo(new Guarded.Done<>("done", false));
    assertThat(front.run("x", lock -> "done")).isEqualTo(new Guarded.Busy<>());
    assertThat(front.run("x", lock -> "done")).isEqualTo(new Guarded.Done<>("done", true));
  }

  @Test
  void defaultsAreAsDocumented() {
    assertThat(LockFront.DEFAULT_WHEN_UNAVAILABLE).isEqualTo(WhenUnavailable.PROCEED);
    assertThat(LockFront.DEFAULT_REST).isEqualTo(Duration.ofSeconds(1));
    assertThat(RedisLock.DEFAULT_LEASE).isEqualTo(Duration.ofSeconds(30));
    assertThat(RedisLock.DEFAULT_TIMEOUT).isEqualTo(Duration.ofMillis(250));
    assertThat(RedisLock.DEFAULT_PREFIX).isEqualTo("lock:");
    assertThatThrownBy(() -> front.restAfterFailure(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private LockResult acquired() {
    return new LockResult.Acquired(
        new HeldLock() {
          @Override
          public OptionalLong fence() {
            return OptionalLong.of(7);
          }

          @Override
          public boolean renew() {
            return true;
          }

          @Override
          public void release() {
            released.incrementAndGet();
          }
        });
  }
}
