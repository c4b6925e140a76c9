package dev.outbox.idempotency.lock;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.LocalRedis;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever becomes of the lock, the effect is there once. */
@WithLocalStack
class LockAndUniqueIndexTest {

  /** What may happen to Redis while work goes on. */
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

  private static final String ORDER = "order 42";

  private final LocalRedis redis = LocalRedis.started();
  private final RedisClient client = RedisClient.create();
  private final RedisLock lock =
      RedisLock.at(client, RedisURI.create("localhost", redis.port())).timeout(PATIENCE);
  private final AtomicInteger begun = new AtomicInteger();
  private final TestDatabase database;

  LockAndUniqueIndexTest(PostgresServer postgres) throws SQLException {
    database = TestDatabase.empty(postgres);
    database.execute("create table shipment (order_id text primary key, by text)");
  }

  @AfterEach
  void close() {
    client.shutdown(Duration.ZERO, PATIENCE);
    redis.close();
  }

  @Test
  void duplicatesAtOnceBeginTheWorkOnce() throws SQLException {
    // Given: sixteen at once, of which the first waits until all others have been turned away
    int duplicates = 16;
    CountDownLatch turnedAway = new CountDownLatch(duplicates - 1);
    LockFront front = LockFront.of(lock);

    // When
    List<CompletableFuture<Guarded<Boolean>>> requests =
        IntStream.range(0, duplicates)
            .mapToObj(
                i ->
                    supplyAsync(
                        () -> {
                          Guarded<Boolean> guarded = request(front, "r" + i, turnedAway);
                          turnedAway.countDown();
                          return guarded;
                        },
                        TestDatabase.THREAD_EACH))
            .toList();
    List<Guarded<Boolean>> results = requests.stream().map(LockAndUniqueIndexTest::join).toList();

    // Then
    assertThat(results).filteredOn(new Guarded.Busy<>()::equals).hasSize(duplicates - 1);
    assertThat(results).filteredOn(new Guarded.Done<>(true, true)::equals).hasSize(1);
    assertThat(begun).hasValue(1);
    assertThat(shipments()).hasSize(1);
  }

  @Test
  void aLockThatExpiresWhileItsHolderWorksLetsASecondInAndTheEffectIsThereOnce()
      throws SQLException {
    // Given
    CountDownLatch first = new CountDownLatch(1);
    LockFront brief = LockFront.of(lock.lease(Duration.ofMillis(100)));
    CompletableFuture<Guarded<Boolean>> slow =
        supplyAsync(() -> request(brief, "slow", first), TestDatabase.THREAD_EACH);
    await().atMost(PATIENCE).until(() -> begun.get() == 1);

    // When
    CountDownLatch none = new CountDownLatch(0);
    Guarded<Boolean> second =
        await()
            .atMost(PATIENCE)
            .until(
                () -> request(LockFront.of(lock), "second", none), Guarded.Done.class::isInstance);
    first.countDown();

    // Then: both have worked, and one of them finds its effect there already
    assertThat(second).isEqualTo(new Guarded.Done<>(true, true));
    assertThat(join(slow)).isEqualTo(new Guarded.Done<>(false, true));
    assertThat(begun).hasValue(2);
    assertThat(shipments()).containsExactly("second");
  }

  @ParameterizedTest
  @EnumSource
  void whateverHappensToRedisWhileTheHolderWorksTheEffectIsThereOnce(Fault fault)
      throws SQLException {
    // Given
    CountDownLatch first = new CountDownLatch(1);
    LockFront patient = LockFront.of(lock);
    LockFront front =
        fault == Fault.EMPTIED ? patient : LockFront.of(lock.timeout(Duration.ofMillis(300)));
    CompletableFuture<Guarded<Boolean>> slow =
        supplyAsync(() -> request(patient, "slow", first), TestDatabase.THREAD_EACH);
    await().atMost(PATIENCE).until(() -> begun.get() == 1);

    // When
    fault.strike(redis);
    CountDownLatch none = new CountDownLatch(0);
    Guarded<Boolean> second =
        await()
            .atMost(PATIENCE)
            .until(() -> request(front, "second", none), Guarded.Done.class::isInstance);
    fault.end(redis);
    first.countDown();

    // Then
    assertThat(second).isEqualTo(new Guarded.Done<>(true, fault == Fault.EMPTIED));
    assertThat(join(slow)).isEqualTo(new Guarded.Done<>(false, true));
    assertThat(begun).hasValue(2);
    assertThat(shipments()).containsExactly("second");
    await()
        .atMost(PATIENCE)
        .until(
            () -> patient.run("another order", Optional::isPresent),
            new Guarded.Done<>(true, true)::equals);
  }

  @Test
  void withoutRedisWorkIsRefusedWhereThatIsAskedFor() throws SQLException {
    // Given
    LockFront front =
        LockFront.of(lock.timeout(Duration.ofMillis(300))).whenUnavailable(WhenUnavailable.REFUSE);
    redis.pause();

    // When
    Guarded<Boolean> result = request(front, "refused", new CountDownLatch(0));
    redis.resume();

    // Then
    assertThat(result).isInstanceOf(Guarded.Refused.class);
    assertThat(begun).hasValue(0);
    assertThat(shipments()).isEmpty();
  }

  @Test
  void theSameHoldsWithThePostgresLock() throws SQLException {
    // Given: a holder whose connection is ended while it works
    LockFront front = LockFront.of(PostgresLock.session(database.dataSource()));
    CountDownLatch first = new CountDownLatch(1);
    CompletableFuture<Guarded<Boolean>> slow =
        supplyAsync(() -> request(front, "slow", first), TestDatabase.THREAD_EACH);
    await().atMost(PATIENCE).until(() -> begun.get() == 1);
    assertThat(request(front, "turned away", first)).isEqualTo(new Guarded.Busy<>());

    // When
    database.execute(
        """
        select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
          and database = (select oid from pg_database where datname = current_database())
        """);
    CountDownLatch none = new CountDownLatch(0);
    await()
        .atMost(PATIENCE)
        .until(() -> request(front, "second", none), Guarded.Done.class::isInstance);
    first.countDown();

    // Then
    assertThat(join(slow)).isEqualTo(new Guarded.Done<>(false, true));
    assertThat(shipments()).containsExactly("second");
  }

  /** Does the expensive work, and then its effect, which only the unique index keeps to one. */
  private Guarded<Boolean> request(LockFront front, String by, CountDownLatch gate) {
    try {
      return front.run(
          ORDER,
          held -> {
            begun.incrementAndGet();
            gate.await();
            return ship(by);
          });
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean ship(String by) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                "insert into shipment values (?, ?) on conflict (order_id) do nothing")) {
      insert.setString(1, ORDER);
      insert.setString(2, by);
      return insert.executeUpdate() == 1;
    }
  }

  private List<String> shipments() throws SQLException {
    return database.query("select by from shipment");
  }

  private static <T> T join(CompletableFuture<T> future) {
    return future.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }
}
