package dev.outbox.idempotency.http.spring;

import static dev.outbox.idempotency.http.spring.Shop.headers;
import static dev.outbox.idempotency.http.spring.Shop.isReplayed;
import static dev.outbox.idempotency.http.spring.Shop.newKey;
import static dev.outbox.idempotency.http.spring.Shop.text;
import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@WithLocalStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdempotencyFilterTest {

  private final TestDatabase database;
  private final Shop shop;
  private String key = newKey();

  IdempotencyFilterTest(PostgresServer postgres) throws SQLException {
    database = Shop.database(postgres);
    shop = Shop.over(database);
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("truncate customer_order, outbox_event, idempotency_key");
    key = newKey();
  }

  @AfterAll
  void close() {
    shop.close();
  }

  @Test
  void aReplayIsTheSameInStatusHeadersAndBytesAndSaysThatItIsOne() throws SQLException {
    // When
    HttpResponse<byte[]> first = shop.post("/orders", key, "milk");
    HttpResponse<byte[]> second = shop.post("/orders", key, "milk");

    // Then
    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(second.statusCode()).isEqualTo(201);
    assertThat(second.body()).isEqualTo(first.body()).isNotEmpty();
    assertThat(headers(second))
        .isEqualTo(headers(first))
        .containsKeys("location", "etag", "content-type", "content-length", "idempotency-expires")
        .containsEntry("x-two", List.of("a", "b"))
        .containsEntry("vary", List.of("Origin"));
    assertThat(isReplayed(first)).isFalse();
    assertThat(isReplayed(second)).isTrue();
    assertThat(shop.orders()).containsExactly("milk");
    assertThat(shop.events()).hasSize(1);
  }

  @Test
  void theLifetimeOfTheKeyIsPublished() {
    // When
    HttpResponse<byte[]> response = shop.post("/orders", key, "milk");
    HttpResponse<byte[]> refused = shop.post("/orders", "milk", "X-User", "alice");

    // Then
    Instant expires =
        ZonedDateTime.parse(
                response.headers().firstValue("Idempotency-Expires").orElseThrow(),
                DateTimeFormatter.RFC_1123_DATE_TIME)
            .toInstant();
    assertThat(expires)
        .isBetween(
            Instant.now().plus(Duration.ofHours(23)), Instant.now().plus(Duration.ofHours(25)));
    assertThat(text(refused)).contains("\"keyLifetime\":\"PT24H\"");
  }

  @Test
  void whatIsWrittenByHandIsReplayedToTheByteWithoutItsCookie() {
    // When
    HttpResponse<byte[]> first = shop.post("/raw", key, "milk");
    HttpResponse<byte[]> second = shop.post("/raw", key, "milk");

    // Then
    assertThat(first.headers().firstValue("Set-Cookie")).isPresent();
    assertThat(second.headers().firstValue("Set-Cookie")).isEmpty();
    assertThat(text(first)).startsWith("über");
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(first.headers().firstValue("Content-Type")).contains("text/plain;charset=UTF-8");
    assertThat(second.headers().firstValue("Content-Type"))
        .isEqualTo(first.headers().firstValue("Content-Type"));
    assertThat(second.headers().firstValue("Last-Modified"))
        .contains("Thu, 1 Jan 1970 00:00:00 GMT");
  }

  @Test
  void aMissingKeyIsABadRequestAsProblemDetails() throws SQLException {
    HttpResponse<byte[]> response = shop.post("/orders", "milk", "X-User", "alice");
    assertProblem(response, 400, "idempotency-key-missing");
    assertThat(shop.orders()).isEmpty();
  }

  @Test
  void anInvalidKeyIsABadRequest() {
    assertProblem(
        shop.post("/orders", "milk", "X-User", "alice", "Idempotency-Key", "\"\""),
        400,
        "idempotency-key-invalid");
    assertProblem(
        shop.post(
            "/orders", "milk", "X-User", "alice", "Idempotency-Key", "a", "Idempotency-Key", "b"),
        400,
        "idempotency-key-invalid");
  }

  @Test
  void aChangedBodyIsRefused() throws SQLException {
    shop.post("/orders", key, "milk");
    assertProblem(shop.post("/orders", key, "bread"), 422, "idempotency-key-reused");
    assertThat(shop.orders()).containsExactly("milk");
  }

  @Test
  void aChangedPathOfOneEndpointIsRefusedAndAnotherEndpointIsAnotherScope() throws SQLException {
    assertThat(text(shop.post("/carts/1/checkout", key, ""))).contains("of cart 1");
    assertProblem(shop.post("/carts/2/checkout", key, ""), 422, "idempotency-key-reused");
    assertThat(shop.post("/orders", key, "milk").statusCode()).isEqualTo(201);
    assertThat(shop.orders()).containsExactly("cart 1", "milk");
  }

  @Test
  void aChangedQueryOrMethodOfOneEndpointIsRefused() {
    shop.post("/either?a=1", key, "milk");
    assertProblem(shop.post("/either?a=2", key, "milk"), 422, "idempotency-key-reused");
    assertProblem(
        shop.send(
            "PUT", "/either?a=1", "milk", "X-User", "alice", "Idempotency-Key", '"' + key + '"'),
        422,
        "idempotency-key-reused");
  }

  @Test
  void twoTenantsAndTwoPrincipalsWithOneKeyDoNotSeeEachOthersAnswers() throws SQLException {
    // When
    List<HttpResponse<byte[]>> responses =
        List.of(
            shop.post("/orders", "milk", keyOf("alice")),
            shop.post("/orders", "milk", keyOf("bob")),
            shop.post("/orders", "milk", keyOf("alice", "X-Tenant", "acme")),
            shop.post("/orders", "milk", keyOf("alice", "X-Tenant", "zeta")));

    // Then
    assertThat(responses).noneMatch(Shop::isReplayed);
    assertThat(responses.stream().map(Shop::text)).doesNotHaveDuplicates();
    assertThat(shop.orders()).hasSize(4);
  }

  @Test
  void withoutAPrincipalAKeyIsRefused() throws SQLException {
    assertProblem(
        shop.post("/orders", "milk", "Idempotency-Key", "k"), 403, "idempotency-principal-missing");
    assertThat(shop.orders()).isEmpty();
  }

  @Test
  void concurrentDuplicatesOverHttpHaveOneEffectAndOneAnswer() throws SQLException {
    List<CompletableFuture<HttpResponse<byte[]>>> attempts =
        IntStream.range(0, 8)
            .mapToObj(
                i -> supplyAsync(() -> shop.post("/orders", key, "milk"), TestDatabase.THREAD_EACH))
            .toList();
    assertThat(attempts.stream().map(CompletableFuture::join).map(Shop::text).distinct())
        .hasSize(1);
    assertThat(shop.orders()).containsExactly("milk");
  }

  @Test
  void aDuplicateThatCannotWaitLongerGetsAConflictWithRetryAfter() throws Exception {
    try (Shop impatient =
            Shop.over(
                database,
                "outbox.idempotency.claim-wait=1ms",
                "outbox.idempotency.retry-after=2500ms",
                "outbox.idempotency.problem-type-base=https://api.example.org/problems#");
        Connection first = database.begin()) {
      // Given
      shop.post("/orders", key, "milk");
      TestDatabase.execute(first, "update idempotency_key set id = id || 'x'");

      // When
      CompletableFuture<HttpResponse<byte[]>> waiting =
          supplyAsync(() -> shop.post("/orders", key, "milk"), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      HttpResponse<byte[]> conflict = impatient.post("/orders", key, "milk");

      // Then
      assertThat(conflict.statusCode()).isEqualTo(409);
      assertThat(text(conflict))
          .contains("\"type\":\"https://api.example.org/problems#idempotency-key-in-progress\"");
      assertThat(conflict.headers().firstValue("Retry-After")).contains("3");
      first.rollback();
      assertThat(waiting).succeedsWithin(PATIENCE).matches(Shop::isReplayed);
    }
  }

  @Test
  void aFaultAfterTheRowsWereWrittenLeavesNothingAndIsNotReplayed() throws SQLException {
    for (String fault : List.of("fail", "die", "busy", "swallow")) {
      assertThat(shop.post("/orders", key, fault).statusCode()).as(fault).isGreaterThan(499);
      assertThat(shop.post("/orders", key, fault)).as(fault).matches(r -> !isReplayed(r));
      assertThat(shop.orders()).as(fault).isEmpty();
      assertThat(shop.events()).as(fault).isEmpty();
      assertThat(database.query("select id from idempotency_key")).as(fault).isEmpty();
    }
  }

  @Test
  void anAnswerWhoseCommitFailsNeverReachesTheClient() throws SQLException {
    // Given
    assertThat(shop.post("/orders", newKey(), "unique").statusCode()).isEqualTo(201);

    // When: the second one is refused by the commit alone
    HttpResponse<byte[]> second = shop.post("/orders", key, "unique");

    // Then
    assertThat(second.statusCode()).isEqualTo(500);
    assertThat(second.headers().firstValue("Location")).isEmpty();
    assertThat(shop.orders()).containsExactly("unique");
    assertThat(database.query("select id from idempotency_key")).hasSize(1);
  }

  @Test
  void aCommitThatTheDatabaseRefusesForGoodIsAServerErrorAndNotCalledSafeToRepeat()
      throws SQLException {
    // Given
    raiseAtCommit("refused", "P0001");

    // When
    HttpResponse<byte[]> first = shop.post("/orders", key, "refused");
    HttpResponse<byte[]> second = shop.post("/orders", key, "refused");

    // Then
    assertThat(first.statusCode()).isEqualTo(500);
    assertThat(text(first)).doesNotContain("idempotency-store-unavailable");
    assertThat(second.statusCode()).isEqualTo(500);
    assertThat(shop.orders()).isEmpty();
    assertThat(database.query("select id from idempotency_key")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "40001", "53100", "57014", "57P01", "58030"})
  void aCommitThatFailsForWantOfADatabaseMayBeRepeated(String sqlState) throws SQLException {
    // Given
    raiseAtCommit("unlucky " + sqlState, sqlState);

    // Then
    assertProblem(
        shop.post("/orders", key, "unlucky " + sqlState), 503, "idempotency-store-unavailable");
    assertThat(shop.orders()).isEmpty();
  }

  /** The name of the trigger tells apart what the tests of this class leave behind. */
  private void raiseAtCommit(String item, String sqlState) throws SQLException {
    database.execute(
        """
        create function raise_%1$s() returns trigger language plpgsql as
          $$ begin raise exception 'at commit' using errcode = '%1$s'; end $$;
        create constraint trigger raise_%1$s after insert on customer_order
          deferrable initially deferred for each row
          when (new.item = '%2$s') execute function raise_%1$s();
        """
            .formatted(sqlState, item));
  }

  @Test
  void aFinalRefusalOfATransactionalServiceIsRolledBackAndReplayed() throws SQLException {
    // When
    HttpResponse<byte[]> first = shop.post("/orders", key, "refuse");
    HttpResponse<byte[]> second = shop.post("/orders", key, "refuse");

    // Then
    assertThat(first.statusCode()).isEqualTo(422);
    assertThat(isReplayed(second)).isTrue();
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(shop.orders()).isEmpty();
  }

  @Test
  void aRefusalLeftToTheErrorPageIsAnsweredAsAProblemThatCanBeReplayed() throws SQLException {
    // When
    HttpResponse<byte[]> first = shop.post("/orders", key, "gone");
    HttpResponse<byte[]> second = shop.post("/orders", key, "gone");

    // Then
    assertThat(first.statusCode()).isEqualTo(404);
    assertThat(text(first))
        .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}");
    assertThat(isReplayed(second)).isTrue();
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(shop.orders()).isEmpty();
  }

  @Test
  void aResponseTooLargeToStoreIsNotGivenInAtomicModeAndRolledBack() throws SQLException {
    assertThat(shop.post("/large?size=1000", key, "").body()).hasSize(1000);
    assertThat(shop.post("/large?size=1000", key, "").body()).hasSize(1000);
    HttpResponse<byte[]> tooLarge = shop.post("/large?size=1001", newKey(), "");
    assertProblem(tooLarge, 500, "idempotency-response-not-replayable");
    assertThat(text(tooLarge)).contains("outbox.idempotency.max-response-size");
    assertThat(shop.orders()).containsExactly("large");
  }

  @Test
  void aResponseTooLargeToStoreIsGivenOnceInReservedMode() throws SQLException {
    // When
    HttpResponse<byte[]> first = shop.post("/large-payment?size=1001", key, "");
    HttpResponse<byte[]> second = shop.post("/large-payment?size=1001", key, "");

    // Then
    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(first.body()).hasSize(1001);
    assertProblem(second, 410, "idempotency-response-not-kept");
    assertThat(second.headers().firstValue("Location")).contains("/orders/9");
    assertThat(shop.orders()).containsExactly("large");
  }

  @Test
  void aRequestTooLargeToCompareIsRefused() throws SQLException {
    assertThat(shop.post("/either", key, "m".repeat(1000)).statusCode()).isEqualTo(200);
    assertProblem(
        shop.post("/either", newKey(), "m".repeat(1001)), 413, "idempotency-request-too-large");
    assertThat(shop.orders()).hasSize(1);
  }

  @Test
  void aMultipartRequestIsRefused() {
    assertProblem(
        shop.post(
            "/orders", "--b--", keyOf("alice", "Content-Type", "multipart/form-data; boundary=b")),
        415,
        "idempotency-multipart-unsupported");
  }

  @Test
  void aFormReachesItsHandlerAndIsComparedByItsFields() throws SQLException {
    String[] form = keyOf("alice", "Content-Type", "application/x-www-form-urlencoded");
    assertThat(text(shop.post("/form", "item=milk", form))).startsWith("milk ");
    assertThat(isReplayed(shop.post("/form", "item=milk", form))).isTrue();
    assertProblem(shop.post("/form", "item=bread", form), 422, "idempotency-key-reused");
    assertProblem(
        shop.post("/form", "item=" + "m".repeat(1000), form), 413, "idempotency-request-too-large");
    assertThat(shop.orders()).containsExactly("milk");
  }

  @Test
  void aHandlerThatAnswersLaterIsRefusedAndRolledBack() throws SQLException {
    assertProblem(shop.post("/late", key, ""), 500, "idempotency-response-not-replayable");
    assertThat(shop.orders()).isEmpty();
  }

  @Test
  void aPaymentIsResumedAtItsRecordedStepAndReplayedAfterwards() throws SQLException {
    // Given: an attempt that is released after the charge
    assertThat(shop.post("/payments", key, "once busy").statusCode()).isEqualTo(502);

    // When
    HttpResponse<byte[]> second = shop.post("/payments", key, "once busy");
    HttpResponse<byte[]> third = shop.post("/payments", key, "once busy");

    // Then
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(text(second)).startsWith("NOWHERE 1 order ");
    assertThat(isReplayed(third)).isTrue();
    assertThat(third.body()).isEqualTo(second.body());
    assertThat(shop.orders()).containsExactly("once busy");
  }

  @Test
  void whereTheDatabaseIsAwayTheClientIsToldThatARepeatIsSafe() throws SQLException {
    database.execute("alter table idempotency_key rename to away");
    try {
      HttpResponse<byte[]> response = shop.post("/orders", key, "milk");
      assertProblem(response, 503, "idempotency-store-unavailable");
      assertThat(response.headers().firstValue("Retry-After")).contains("1");
    } finally {
      database.execute("alter table away rename to idempotency_key");
    }
  }

  @Test
  void whatIsNotMarkedIsNotTouched() throws SQLException {
    assertThat(shop.post("/plain", key, "milk").statusCode()).isEqualTo(200);
    assertThat(isReplayed(shop.post("/plain", key, "milk"))).isFalse();
    assertThat(shop.send("DELETE", "/orders", "").statusCode()).isEqualTo(405);
    assertThat(shop.orders()).hasSize(2);
  }

  private String[] keyOf(String user, String... more) {
    return Stream.concat(Stream.of("X-User", user, "Idempotency-Key", key), Stream.of(more))
        .toArray(String[]::new);
  }

  private static void assertProblem(HttpResponse<byte[]> response, int status, String name) {
    assertThat(response.statusCode()).as(text(response)).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertThat(text(response))
        .contains("\"type\":\"urn:outbox-relay:problem:%s\"".formatted(name))
        .contains("\"status\":" + status)
        .contains("\"keyLifetime\":\"PT24H\"");
    assertThat(isReplayed(response) && status != 410).isFalse();
  }
}
