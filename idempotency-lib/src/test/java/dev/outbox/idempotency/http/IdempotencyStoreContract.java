package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.utf8;
import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every store promises. A subclass gives the store, empty for each test. */
abstract class IdempotencyStoreContract {

  static final Duration WINDOW = Duration.ofHours(24);
  static final Duration LONG = Duration.ofMinutes(5);
  static final Duration SHORT = Duration.ofMillis(200);

  private static final RequestFingerprint ORDER = new RequestFingerprint("01".repeat(32));
  private static final RequestFingerprint ANOTHER = new RequestFingerprint("02".repeat(32));

  final ClaimRequest request = request("k1", ORDER, WINDOW);

  abstract IdempotencyStore store();

  static ClaimRequest request(String key, RequestFingerprint fingerprint, Duration window) {
    IdempotencyScope scope =
        new IdempotencyScope(Optional.of("acme"), Optional.of("alice"), "orders.place");
    RecordId id = scope.recordOf(new IdempotencyKey(key, IdempotencyKey.Origin.CLIENT));
    return new ClaimRequest(id, scope, fingerprint, window);
  }

  @Test
  void theFirstClaimIsGivenAndASecondIsInProgress() {
    assertThat(store().claim(request, LONG)).isInstanceOf(Claim.Claimed.class);
    assertThat(store().claim(request, LONG)).isEqualTo(new Claim.InProgress());
    assertThat(store().find(request)).contains(new Claim.InProgress());
  }

  @Test
  void ofManyConcurrentClaimsOneIsGiven() {
    // When
    List<CompletableFuture<Claim>> claims =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> store().claim(request, LONG), TestDatabase.THREAD_EACH))
            .toList();

    // Then
    assertThat(claims.stream().map(CompletableFuture::join))
        .filteredOn(Claim.Claimed.class::isInstance)
        .hasSize(1);
  }

  @Test
  void aStoredAnswerIsFoundByteForByte() {
    // Given
    byte[] everyByte = new byte[256];
    for (int i = 0; i < everyByte.length; i++) {
      everyByte[i] = (byte) i;
    }
    StoredResponse response =
        new StoredResponse(
            201,
            List.of(
                new StoredResponse.HeaderField("Location", "/orders/1"),
                new StoredResponse.HeaderField("X-Two", "a, \"b\" \\ {c} 'd'"),
                new StoredResponse.HeaderField("x-two", "")),
            everyByte);

    // When
    Optional<Instant> kept = store().complete(request.id(), claimed(request), response, WINDOW);

    // Then
    Claim.Completed completed = (Claim.Completed) store().claim(request, LONG);
    assertThat(completed.response()).isEqualTo(response);
    assertThat(kept).contains(completed.expiresAt());
    assertThat(store().find(request)).contains(completed);
  }

  @Test
  void anotherRequestUnderTheSameKeyIsAMismatchWhetherTheFirstRunsOrIsDone() {
    // Given
    ClaimRequest other = request("k1", ANOTHER, WINDOW);
    long fence = claimed(request);

    // Then
    assertThat(store().claim(other, LONG)).isEqualTo(new Claim.Mismatch());
    store().complete(request.id(), fence, created("done"), WINDOW);
    assertThat(store().claim(other, LONG)).isEqualTo(new Claim.Mismatch());
    assertThat(store().find(other)).contains(new Claim.Mismatch());
  }

  @Test
  void aReleasedClaimIsGivenAgainWithItsSteps() {
    // Given
    long first = claimed(request);
    store().recordStep(request.id(), first, "charge", utf8("ch_1"));
    store().recordStep(request.id(), first, "ship", new byte[] {0, -1});

    // When
    store().release(request.id(), first);

    // Then
    Claim.Claimed second = (Claim.Claimed) store().claim(request, LONG);
    assertThat(second.fence()).isGreaterThan(first);
    assertThat(second.steps()).containsOnlyKeys("charge", "ship");
    assertThat(second.steps().get("charge")).isEqualTo(utf8("ch_1"));
    assertThat(second.steps().get("ship")).isEqualTo(new byte[] {0, -1});
  }

  @Test
  void aClaimWhoseLeaseHasEndedIsGivenAgain() {
    long first = claimed(request, SHORT);
    assertThat(eventuallyClaimed(request).fence()).isGreaterThan(first);
  }

  @Test
  void aRenewedLeaseIsNotTakenOver() {
    // Given
    long fence = claimed(request, SHORT);

    // When
    boolean renewed = store().renew(request.id(), fence, LONG);
    claimed(request("other", ORDER, WINDOW), SHORT);
    eventuallyClaimed(request("other", ORDER, WINDOW));

    // Then
    assertThat(renewed).isTrue();
    assertThat(store().claim(request, LONG)).isEqualTo(new Claim.InProgress());
  }

  @Test
  void whoWasReplacedCanNeitherRenewNorRecordNorReleaseNorComplete() {
    // Given
    long late = claimed(request);
    store().release(request.id(), late);
    long successor = claimed(request);

    // Then
    assertThat(store().renew(request.id(), late, LONG)).isFalse();
    assertThat(store().recordStep(request.id(), late, "charge", utf8("twice"))).isFalse();
    assertThat(store().complete(request.id(), late, created("late"), WINDOW)).isEmpty();
    store().release(request.id(), late);
    assertThat(store().claim(request, LONG)).isEqualTo(new Claim.InProgress());
    assertThat(store().complete(request.id(), successor, created("right"), WINDOW)).isPresent();
    assertThat(store().complete(request.id(), late, created("late"), WINDOW)).isEmpty();
    assertThat(answerTo(request)).isEqualTo("right");
  }

  @Test
  void aRenewalThatIsUnderWayDoesNotBringAReleasedLeaseBack() {
    // Given
    long fence = claimed(request);
    store().release(request.id(), fence);

    // Then
    assertThat(store().renew(request.id(), fence, LONG)).isFalse();
    assertThat(store().claim(request, LONG)).isInstanceOf(Claim.Claimed.class);
  }

  @Test
  void anExpiredAnswerCountsAsNoneAndItsFenceIsNotGivenAgain() {
    // Given
    long first = claimed(request);
    store().complete(request.id(), first, created("old"), SHORT);

    // When
    Claim.Claimed again = eventuallyClaimed(request("k1", ANOTHER, WINDOW));

    // Then
    assertThat(again.fence()).isGreaterThan(first);
    assertThat(again.steps()).isEmpty();
    assertThat(store().complete(request.id(), first, created("late"), WINDOW)).isEmpty();
  }

  @Test
  void theWindowBeginsAnewWhenTheAnswerIsStored() {
    // Given
    ClaimRequest brief = request("k1", ORDER, SHORT);
    long fence = claimed(brief, LONG);

    // When
    store().complete(brief.id(), fence, created("kept"), WINDOW);
    claimed(request("other", ORDER, SHORT), SHORT);
    eventuallyClaimed(request("other", ORDER, WINDOW));

    // Then
    assertThat(answerTo(brief)).isEqualTo("kept");
  }

  @Test
  void whatIsHeldDoesNotExpire() {
    // Given
    ClaimRequest brief = request("k1", ORDER, SHORT);
    long fence = claimed(brief, LONG);
    claimed(request("other", ORDER, SHORT), SHORT);
    eventuallyClaimed(request("other", ORDER, WINDOW));

    // When
    store().deleteExpired(1000);

    // Then
    assertThat(store().claim(brief, LONG)).isEqualTo(new Claim.InProgress());
    assertThat(store().recordStep(brief.id(), fence, "s", utf8(""))).isTrue();
  }

  String answerTo(ClaimRequest asked) {
    Claim.Completed completed = (Claim.Completed) store().claim(asked, LONG);
    return new String(completed.response().body(), StandardCharsets.UTF_8);
  }

  long claimed(ClaimRequest asked) {
    return claimed(asked, LONG);
  }

  long claimed(ClaimRequest asked, Duration lease) {
    return ((Claim.Claimed) store().claim(asked, lease)).fence();
  }

  Claim.Claimed eventuallyClaimed(ClaimRequest asked) {
    return (Claim.Claimed)
        await()
            .atMost(PATIENCE)
            .until(() -> store().claim(asked, LONG), Claim.Claimed.class::isInstance);
  }
}
