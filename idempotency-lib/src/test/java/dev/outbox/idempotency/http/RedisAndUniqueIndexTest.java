package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ORDERS;
import static dev.outbox.idempotency.http.Requests.admitted;
import static dev.outbox.idempotency.http.Requests.bodyOf;
import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.newKey;
import static dev.outbox.idempotency.http.Requests.order;
import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.OncePayments.Place;
import dev.outbox.idempotency.http.OncePayments.Stop;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import dev.outbox.local.LocalRedis;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever becomes of the records in Redis, a unique index keeps the effect to one. */
@WithLocalStack
class RedisAndUniqueIndexTest {

  /** What may happen to Redis in the midst of a request. */
  enum Fault {
    STOPPED {
      @Override
      void strike(LocalRedis redis) {
        redis.pause();
      }

      @Override
      void end(LocalRedis redis) {
        redis.resume();
      }
    },
    KILLED {
      @Override
      void strike(LocalRedis redis) {
        redis.kill();
      }

      @Override
      void end(LocalRedis redis) {
        redis.start();
      }
    },
    EMPTIED {
      @Override
      void strike(LocalRedis redis) {
        redis.empty();
      }

      @Override
      void end(LocalRedis redis) {}
    };

    abstract void strike(LocalRedis redis);

    abstract void end(LocalRedis redis);
  }

  private static final Duration BRIEF = Duration.ofMillis(400);
  private static final Endpoint PAYMENTS = ORDERS.with(Mode.RESERVED);
  private static final Stop NOWHERE = place -> {};
  private static final String PAID = "paid 100 as ch_1";

  private final LocalRedis redis = LocalRedis.started();
  private final RedisClient client = RedisClient.create();
  private final RedisIdempotencyStore store =
      RedisIdempotencyStore.at(client, RedisURI.create("localhost", redis.port()))
          .timeout(PATIENCE);
  private final List<Idempotency> opened = new ArrayList<>();
  private final Idempotency idempotency = instance(store, BRIEF, PATIENCE);
  private final Idempotency impatient =
      instance(store.timeout(Duration.ofSeconds(1)), BRIEF, PATIENCE);
  private final String key = newKey();
  private final OncePayments service;

  RedisAndUniqueIndexTest(PostgresServer postgres) throws SQLException {
    service = new OncePayments(postgres);
  }

  @AfterEach
  void close() {
    opened.forEach(Idempotency::close);
    store.close();
    client.shutdown(Duration.ZERO, PATIENCE);
    redis.close();
  }

  @ParameterizedTest
  @CsvSource({
    "STOPPED, BEFORE_THE_ROW",
    "STOPPED, AFTER_THE_ROW",
    "KILLED, BEFORE_THE_ROW",
    "KILLED, AFTER_THE_ROW",
    "EMPTIED, BEFORE_THE_ROW",
    "EMPTIED, AFTER_THE_ROW"
  })
  void whateverHappensToRedisInTheMidstOfARequestItHasOneEffectAndOneAnswer(
      Fault fault, Place place) throws SQLException {
    // Given
    Held held = new Held(place);
    CompletableFuture<Outcome> first = inBackground(impatient, held);
    held.awaitReached();

    // When
    fault.strike(redis);
    held.goOn();
    Optional<Outcome> firstAnswer = ended(first);
    fault.end(redis);
    Outcome second = answered();

    // Then
    firstAnswer
        .filter(RedisAndUniqueIndexTest::isAnswer)
        .ifPresent(answer -> assertThat(bodyOf(answer)).isEqualTo(PAID));
    assertThat(bodyOf(second)).isEqualTo(PAID);
    assertThat(pay(idempotency, "100", NOWHERE)).isInstanceOf(Outcome.Replayed.class);
    assertPaidOnce();
  }

  @ParameterizedTest
  @CsvSource({
    "KILLED, BEFORE_THE_ROW",
    "KILLED, AFTER_THE_ROW",
    "EMPTIED, BEFORE_THE_ROW",
    "EMPTIED, AFTER_THE_ROW"
  })
  void aRepeatThatRedisTakesForTheFirstWhileThatIsAtWorkHasNoSecondEffect(Fault fault, Place place)
      throws SQLException {
    // Given
    Held held = new Held(place);
    CompletableFuture<Outcome> first = inBackground(idempotency, held);
    held.awaitReached();
    fault.strike(redis);
    fault.end(redis);

    // When
    Outcome second = answered();
    held.goOn();

    // Then: the first one cannot overwrite that, and says the same
    assertThat(second).isInstanceOf(Outcome.Executed.class);
    assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(first.join())).isEqualTo(bodyOf(second)).isEqualTo(PAID);
    assertPaidOnce();
  }

  @Test
  void aRepeatAfterTheWindowIsAnsweredFromTheRow() throws SQLException {
    // Given
    Endpoint brief = PAYMENTS.with(BRIEF);
    assertThat(bodyOf(pay(idempotency, brief, "100", NOWHERE))).isEqualTo(PAID);

    // When
    Outcome late =
        await()
            .atMost(PATIENCE)
            .until(
                () -> pay(idempotency, brief, "100", NOWHERE), Outcome.Executed.class::isInstance);

    // Then
    assertThat(bodyOf(late)).isEqualTo(PAID);
    assertPaidOnce();
  }

  @Test
  void anotherBodyUnderAKeyThatRedisHasForgottenIsRefusedByTheRow() throws SQLException {
    // Given
    pay(idempotency, "100", NOWHERE);
    assertThat(pay(idempotency, "200", NOWHERE)).isEqualTo(new Outcome.Mismatch());

    // When
    redis.empty();
    Outcome other = pay(idempotency, "200", NOWHERE);

    // Then
    assertThat(((Outcome.Executed) other).response().status()).isEqualTo(422);
    assertPaidOnce();
  }

  @Test
  void ofThirtyTwoAtOnceOnAKeyThatRedisForgetsAgainAndAgainAllGetTheOneAnswer()
      throws SQLException {
    // When
    List<CompletableFuture<Outcome>> clients =
        IntStream.range(0, 32)
            .mapToObj(i -> supplyAsync(this::answered, TestDatabase.THREAD_EACH))
            .toList();
    CompletableFuture<Void> all =
        CompletableFuture.allOf(clients.toArray(CompletableFuture<?>[]::new));
    // Not for ever: emptied faster than anybody can answer, nobody ever would.
    for (int i = 0; i < 300 && !all.isDone(); i++) {
      redis.empty();
    }

    // Then
    assertThat(clients).allSatisfy(each -> assertThat(bodyOf(each.join())).isEqualTo(PAID));
    assertPaidOnce();
  }

  @Test
  void aLateFirstAttemptWhoseLeaseHasEndedCannotOverwriteItsSuccessor() throws SQLException {
    // Given: an attempt whose heartbeat has given up
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch working = new CountDownLatch(1);
    Idempotency hanging = instance(store, Duration.ofMillis(100), Duration.ofNanos(1));
    CompletableFuture<Outcome> late =
        supplyAsync(
            () ->
                reserved(
                    hanging,
                    PAYMENTS,
                    "100",
                    reservation -> {
                      working.countDown();
                      held.await();
                      return created("late");
                    }),
            TestDatabase.THREAD_EACH);
    assertThat(supplyAsync(() -> awaited(working), TestDatabase.THREAD_EACH))
        .succeedsWithin(PATIENCE);

    // When
    Outcome successor = answered();
    held.countDown();

    // Then
    assertThat(successor).isInstanceOf(Outcome.Executed.class);
    assertThat(late).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(late.join())).isEqualTo(PAID);
    assertThat(bodyOf(pay(idempotency, "100", NOWHERE))).isEqualTo(PAID);
    assertPaidOnce();
  }

  @Test
  void whileRedisIsAwayRequestsFailAndDoNothing() throws SQLException {
    // Given
    redis.pause();

    // Then
    try {
      assertThatThrownBy(() -> pay(impatient, "100", NOWHERE))
          .isInstanceOf(IdempotencyStoreException.class);
    } finally {
      redis.resume();
    }
    assertThat(service.charges()).isZero();
    assertThat(service.payments()).isEmpty();
  }

  @Test
  void atomicModeAndLocalStepsAreRefusedSinceTwoStoresCannotCommitTogether() {
    assertThatThrownBy(
            () ->
                idempotency.atomic(
                    admitted(idempotency, ORDERS, order(key, "100")), connection -> created("")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'orders.place' is in atomic mode")
        .hasMessageContaining("Use reserved mode with other stores");
    assertThatThrownBy(
            () ->
                reserved(
                    idempotency,
                    PAYMENTS,
                    "100",
                    reservation -> {
                      reservation.localStep("pay", connection -> new byte[0]);
                      return created("");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Step 'pay' cannot commit with its record");
  }

  private void assertPaidOnce() throws SQLException {
    assertThat(service.payments()).containsExactly("100");
    assertThat(service.events()).hasSize(1);
    assertThat(service.charges()).isEqualTo(1);
  }

  private Idempotency instance(IdempotencyStore records, Duration lease, Duration longest) {
    Idempotency instance = Idempotency.over(records).lease(lease).longest(longest).build();
    opened.add(instance);
    return instance;
  }

  /** What a client gets in the end that comes again as long as it is told to. */
  private Outcome answered() {
    return await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .ignoreExceptionsInstanceOf(IdempotencyStoreException.class)
        .until(() -> pay(idempotency, "100", NOWHERE), RedisAndUniqueIndexTest::isAnswer);
  }

  private static boolean isAnswer(Outcome outcome) {
    return !(outcome instanceof Outcome.Refusal);
  }

  private CompletableFuture<Outcome> inBackground(Idempotency instance, Stop stop) {
    return supplyAsync(() -> pay(instance, "100", stop), TestDatabase.THREAD_EACH);
  }

  /** Empty when it failed because of Redis. */
  private static Optional<Outcome> ended(CompletableFuture<Outcome> attempt) {
    CompletableFuture<Optional<Outcome>> ended =
        attempt.handle(
            (outcome, failure) -> {
              if (failure != null) {
                assertThat(failure).hasCauseInstanceOf(IdempotencyStoreException.class);
              }
              return Optional.ofNullable(outcome);
            });
    assertThat(ended).succeedsWithin(PATIENCE);
    return ended.join();
  }

  private Outcome pay(Idempotency instance, String amount, Stop stop) {
    return pay(instance, PAYMENTS, amount, stop);
  }

  private Outcome pay(Idempotency instance, Endpoint endpoint, String amount, Stop stop) {
    return reserved(
        instance, endpoint, amount, reservation -> service.pay(reservation, amount, stop));
  }

  private Outcome reserved(
      Idempotency instance, Endpoint endpoint, String amount, ReservedWork work) {
    try {
      return instance.reserved(admitted(instance, endpoint, order(key, amount)), work);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      latch.await();
      return true;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Stops an attempt at a place until told. */
  private static final class Held implements Stop {

    private final Place place;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    Held(Place place) {
      this.place = place;
    }

    @Override
    public void at(Place here) throws InterruptedException {
      if (here == place) {
        reached.countDown();
        released.await();
      }
    }

    void awaitReached() {
      assertThat(supplyAsync(() -> awaited(reached), TestDatabase.THREAD_EACH))
          .succeedsWithin(PATIENCE);
    }

    void goOn() {
      released.countDown();
    }
  }
}
