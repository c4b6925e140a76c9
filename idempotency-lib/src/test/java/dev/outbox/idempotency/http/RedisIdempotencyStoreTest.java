package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.utf8;
import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import dev.outbox.local.LocalRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RedisIdempotencyStoreTest extends IdempotencyStoreContract {

  private static final LocalRedis SERVER = LocalRedis.started();
  private static final RedisClient CLIENT = RedisClient.create();
  private static final RedisIdempotencyStore STORE =
      RedisIdempotencyStore.at(CLIENT, RedisURI.create("localhost", SERVER.port()))
          .timeout(PATIENCE);
  private static final StatefulRedisConnection<String, String> LOOK =
      CLIENT.connect(StringCodec.UTF8, RedisURI.create("localhost", SERVER.port()));

  private final String prefix = "keys of " + UUID.randomUUID() + ":";
  private final RedisIdempotencyStore store = STORE.prefix(prefix);
  private final String key = prefix + request.id().sha256();

  @AfterAll
  static void close() {
    STORE.close();
    CLIENT.shutdown(Duration.ZERO, PATIENCE);
    SERVER.close();
  }

  @Override
  IdempotencyStore store() {
    return store;
  }

  @Test
  void ofThirtyTwoThreadsOnOneKeyOneIsGivenItAndAllOthersAreToldSo() {
    // When
    List<CompletableFuture<Claim>> claims =
        IntStream.range(0, 32)
            .mapToObj(i -> supplyAsync(() -> store.claim(request, LONG), TestDatabase.THREAD_EACH))
            .toList();

    // Then
    List<Claim> answers = claims.stream().map(CompletableFuture::join).toList();
    assertThat(answers).filteredOn(Claim.Claimed.class::isInstance).hasSize(1);
    assertThat(answers).filteredOn(Claim.InProgress.class::isInstance).hasSize(31);
  }

  @Test
  void theRecordHoldsScopeStateTimesAndTheKeyOnlyAsAHash() {
    // When
    store.complete(request.id(), claimed(request), created("done"), WINDOW);

    // Then
    assertThat(LOOK.sync().hgetall(key))
        .containsEntry("tenant", "acme")
        .containsEntry("principal", "alice")
        .containsEntry("endpoint", "orders.place")
        .containsEntry("state", "completed")
        .containsEntry("status", "201")
        .containsKeys("request_hash", "created_at", "expires_at", "fence")
        .doesNotContainKeys("lease_until", "steps")
        .doesNotContainValue("k1");
    assertThat(LOOK.sync().keys(prefix + "*")).containsExactly(key);
  }

  @Test
  void aRecordLivesAsLongAsItsWindowOrItsLeaseWhicheverIsLonger() {
    // Given
    ClaimRequest brief = request("k1", request.fingerprint(), Duration.ofMinutes(1));

    // Then: held, its lease counts
    long fence = claimed(brief, LONG);
    assertThat(timeToLive()).isBetween(Duration.ofMinutes(2), LONG);
    store.renew(brief.id(), fence, LONG.multipliedBy(2));
    assertThat(timeToLive()).isBetween(LONG, LONG.multipliedBy(2));

    // Then: released, its window
    store.release(brief.id(), fence);
    assertThat(timeToLive()).isLessThanOrEqualTo(Duration.ofMinutes(1));

    // Then: completed, the window anew
    store.complete(brief.id(), claimed(brief, LONG), created("done"), WINDOW);
    assertThat(timeToLive()).isBetween(Duration.ofHours(23), WINDOW);
  }

  @Test
  void anAnswerIsNotChangedByWhatItsOwnAttemptSendsLate() {
    // Given
    long fence = claimed(request);
    store.complete(request.id(), fence, created("done"), WINDOW);

    // Then
    assertThat(store.renew(request.id(), fence, WINDOW.multipliedBy(2))).isFalse();
    assertThat(store.recordStep(request.id(), fence, "late", utf8(""))).isFalse();
    assertThat(store.complete(request.id(), fence, created("late"), WINDOW)).isEmpty();
    store.release(request.id(), fence);
    assertThat(answerTo(request)).isEqualTo("done");
    assertThat(timeToLive()).isBetween(Duration.ofHours(23), WINDOW);
  }

  @Test
  void theFenceGrowsThoughRedisWasEmptied() {
    // Given
    long first = claimed(request);

    // When
    SERVER.empty();

    // Then
    assertThat(store.renew(request.id(), first, LONG)).isFalse();
    long second = claimed(request);
    assertThat(second).isGreaterThan(first);
    assertThat(store.recordStep(request.id(), first, "late", utf8(""))).isFalse();
    assertThat(store.complete(request.id(), first, created("late"), WINDOW)).isEmpty();
    store.release(request.id(), first);
    assertThat(store.claim(request, LONG)).isEqualTo(new Claim.InProgress());
  }

  @Test
  void theFenceGrowsThoughTheClockOfRedisWasSetBack() {
    // Given: a record that was made a day ahead of the clock that now rules
    long first = claimed(request);
    long ahead = first + Duration.ofDays(1).toNanos() / 1000;
    LOOK.sync().hset(key, "fence", Long.toString(ahead));
    LOOK.sync().hset(key, "lease_until", "0");

    // Then
    assertThat(claimed(request)).isEqualTo(ahead + 1);
    store.release(request.id(), ahead + 1);
    assertThat(claimed(request)).isEqualTo(ahead + 3);
  }

  @Test
  void nothingIsLeftToDelete() {
    claimed(request, Duration.ofMillis(1));
    assertThat(store.deleteExpired(1000)).isZero();
  }

  @Test
  void aServerThatDoesNotAnswerIsAnErrorAfterTheTimeout() {
    // Given
    RedisIdempotencyStore impatient = store.timeout(SHORT);
    long fence = claimed(request);
    SERVER.pause();

    // Then
    try {
      assertThatThrownBy(() -> impatient.complete(request.id(), fence, created("done"), WINDOW))
          .isInstanceOf(IdempotencyStoreException.class)
          .hasMessageContaining(
              "To complete an idempotency key: Redis (%s) gave no answer within PT0.2S",
              RedisURI.create("localhost", SERVER.port()));
    } finally {
      SERVER.resume();
    }

    // Then: what was asked may have happened
    assertThat(answerTo(request)).isEqualTo("done");
  }

  @Test
  void aServerThatIsGoneIsAnErrorAtOnceAndIsUsedAgainWhenItIsBack() {
    // Given
    LocalRedis restarted = LocalRedis.started();
    try (restarted;
        RedisIdempotencyStore own =
            RedisIdempotencyStore.at(CLIENT, RedisURI.create("localhost", restarted.port()))
                .timeout(PATIENCE)) {
      own.claim(request, LONG);

      // When
      restarted.kill();

      // Then
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> own.find(request))
                      .isInstanceOf(IdempotencyStoreException.class)
                      .hasMessageContaining("is away or refused"));

      // When
      restarted.start();

      // Then
      await()
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(IdempotencyStoreException.class)
          .until(() -> own.claim(request, LONG), Claim.Claimed.class::isInstance);
    }
  }

  @Test
  void anErrorTellsTheServerAndNotItsPassword() {
    RedisURI nobody = RedisURI.create("redis://user:secret@localhost:1");
    try (RedisIdempotencyStore lonely = RedisIdempotencyStore.at(CLIENT, nobody)) {
      assertThatThrownBy(() -> lonely.find(request))
          .isInstanceOf(IdempotencyStoreException.class)
          .hasMessageContaining("localhost:1")
          .message()
          .doesNotContain("secret");
    }
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> store.timeout(Duration.ZERO)).hasMessageContaining("timeout(PT0S)");
  }

  private Duration timeToLive() {
    return Duration.ofMillis(LOOK.sync().pttl(key));
  }
}
