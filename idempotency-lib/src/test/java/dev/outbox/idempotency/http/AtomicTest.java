package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ALICE;
import static dev.outbox.idempotency.http.Requests.ORDERS;
import static dev.outbox.idempotency.http.Requests.admitted;
import static dev.outbox.idempotency.http.Requests.answer;
import static dev.outbox.idempotency.http.Requests.bodyOf;
import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.newKey;
import static dev.outbox.idempotency.http.Requests.order;
import static dev.outbox.idempotency.http.Requests.utf8;
import static dev.outbox.idempotency.http.Requests.withoutKey;
import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.IncomingRequest.Caller;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class AtomicTest {

  private final TestDatabase database;
  private final Idempotency idempotency;
  private final List<IdempotencyListener.Event> events = new CopyOnWriteArrayList<>();
  private final String key = newKey();

  AtomicTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
    idempotency = waiting(Duration.ofSeconds(20));
  }

  @AfterEach
  void close() {
    idempotency.close();
  }

  @Test
  void aRepeatHasNoSecondEffectAndGetsTheFirstAnswer() throws Exception {
    // When
    Outcome first = place(order(key, "milk"));
    Outcome second = place(order(key, "milk"));

    // Then
    assertThat(first).isInstanceOf(Outcome.Executed.class);
    assertThat(second).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(second)).isEqualTo(bodyOf(first)).isEqualTo("milk 1");
    assertThat(((Outcome.Executed) first).remembered())
        .contains(((Outcome.Replayed) second).remembered());
    assertThat(effects()).containsExactly("milk");
    assertThat(events)
        .containsExactly(IdempotencyListener.Event.EXECUTED, IdempotencyListener.Event.REPLAYED);
  }

  @Test
  void anotherBodyUnderTheSameKeyIsRefusedAndHasNoEffect() throws Exception {
    place(order(key, "milk"));
    assertThat(place(order(key, "bread"))).isEqualTo(new Outcome.Mismatch());
    assertThat(effects()).containsExactly("milk");
  }

  @Test
  void tenantPrincipalAndEndpointEachMakeTheKeyAnother() throws Exception {
    // When
    Outcome alice = place(order(key, "milk"));
    Outcome bob = place(order(key, "milk", Caller.principal("bob")));
    Outcome acme = place(order(key, "milk", new Caller(Optional.of("acme"), Optional.of("alice"))));
    Outcome zeta = place(order(key, "milk", new Caller(Optional.of("zeta"), Optional.of("alice"))));
    Outcome refund =
        place(Endpoint.named("orders.refund"), order(key, "milk"), response -> response);

    // Then
    assertThat(List.of(alice, bob, acme, zeta, refund))
        .allMatch(Outcome.Executed.class::isInstance);
    assertThat(effects()).hasSize(5);
  }

  @Test
  void withoutAPrincipalNoKeyIsTakenUnlessTheEndpointIsForAnybody() throws Exception {
    IncomingRequest nobody = order(key, "milk", Caller.ANONYMOUS);
    assertThat(idempotency.admit(ORDERS, nobody))
        .isEqualTo(new Admission.Refused(new Outcome.PrincipalMissing()));
    assertThat(idempotency.admit(ORDERS.forAnybody(), nobody)).isInstanceOf(Admission.Keyed.class);
    place(ORDERS.forAnybody(), nobody, response -> response);
    assertThat(place(ORDERS.forAnybody(), order(key, "milk", Caller.principal("")), r -> r))
        .isInstanceOf(Outcome.Executed.class);
  }

  @Test
  void manyConcurrentAttemptsHaveOneEffectAndOneAnswer() throws Exception {
    // When
    List<CompletableFuture<Outcome>> attempts =
        IntStream.range(0, 16)
            .mapToObj(i -> supplyAsync(() -> quietly(order(key, "milk")), TestDatabase.THREAD_EACH))
            .toList();

    // Then
    assertThat(attempts.stream().map(CompletableFuture::join).map(Requests::bodyOf))
        .hasSize(16)
        .containsOnly("milk 1");
    assertThat(effects()).containsExactly("milk");
  }

  @Test
  void aConcurrentDuplicateWaitsForTheFirstAndGetsItsAnswer() throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(held);
    CompletableFuture<Outcome> second =
        supplyAsync(() -> quietly(order(key, "milk")), TestDatabase.THREAD_EACH);
    await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);

    // When
    held.countDown();

    // Then
    assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Executed.class);
    assertThat(second).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
  }

  @Test
  void aDuplicateThatHasWaitedLongEnoughIsToldToComeAgain() throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(held);

    // When
    try (Idempotency impatient = waiting(Duration.ofMillis(100))) {
      Outcome second =
          impatient.atomic(
              admitted(impatient, ORDERS, order(key, "milk")),
              c -> {
                throw new IllegalStateException("must not run");
              });
      assertThat(second).isEqualTo(new Outcome.InProgress(Duration.ofSeconds(3)));
    }
    held.countDown();

    // Then
    assertThat(first).succeedsWithin(PATIENCE);
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Replayed.class);
    assertThat(effects()).containsExactly("milk");
  }

  @Test
  void theLimitOnTheClaimsWaitIsNotTheBusinessStatements() throws Exception {
    String limit =
        bodyOf(
            idempotency.atomic(
                admitted(idempotency, ORDERS, order(key, "milk")),
                connection -> created(setting(connection, "lock_timeout"))));
    assertThat(limit).isEqualTo("0");
  }

  @Test
  void workThatFailsLeavesNothingAndTheNextAttemptRuns() throws Exception {
    // Given
    assertThatThrownBy(
            () ->
                place(
                    ORDERS,
                    order(key, "milk"),
                    response -> {
                      throw new IOException("no");
                    }))
        .isInstanceOf(IOException.class);
    assertThat(effects()).isEmpty();
    assertThat(records()).isEmpty();

    // Then
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Executed.class);
    assertThat(events)
        .containsExactly(IdempotencyListener.Event.FAILED, IdempotencyListener.Event.EXECUTED);
  }

  @Test
  void aServerErrorIsRolledBackAndNotStored() throws Exception {
    Outcome failed = place(ORDERS, order(key, "milk"), response -> answer(503, "later"));
    assertThat(((Outcome.Executed) failed).remembered()).isEmpty();
    assertThat(effects()).isEmpty();
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Executed.class);
    assertThat(effects()).containsExactly("milk");
  }

  @Test
  void aFinalRefusalIsRolledBackAndStored() throws Exception {
    // When
    Outcome refused = place(ORDERS, order(key, "milk"), response -> answer(422, "no such thing"));
    Outcome repeated = place(order(key, "milk"));

    // Then
    assertThat(((Outcome.Executed) refused).remembered()).isPresent();
    assertThat(repeated).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(repeated)).isEqualTo("no such thing");
    assertThat(effects()).isEmpty();
  }

  @Test
  void aRefusalWhoseRowsAreToStayIsCommitted() throws Exception {
    Endpoint endpoint = ORDERS.with(OutcomePolicy.of(OutcomePolicy.RELEASED, List.of("402")));
    place(endpoint, order(key, "milk"), response -> answer(402, "declined"));
    assertThat(bodyOf(place(endpoint, order(key, "milk"), response -> response)))
        .isEqualTo("declined");
    assertThat(effects()).containsExactly("milk");
  }

  @Test
  void workThatSwallowsADatabaseErrorIsNotTakenForDone() throws Exception {
    assertThatThrownBy(
            () ->
                idempotency.atomic(
                    admitted(idempotency, ORDERS, order(key, "milk")),
                    connection -> {
                      assertThatThrownBy(() -> TestDatabase.execute(connection, "nonsense"))
                          .isInstanceOf(SQLException.class);
                      return created("as if");
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(records()).isEmpty();
  }

  @Test
  void workThatEndsTheTransactionItselfIsNotTakenForDone() throws Exception {
    assertThatThrownBy(
            () ->
                idempotency.atomic(
                    admitted(idempotency, ORDERS, order(key, "milk")),
                    connection -> {
                      connection.rollback();
                      return created("as if");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("must neither commit nor roll back by itself");
  }

  @Test
  void repeatsAreRecognisedAtEveryIsolationLevel() throws Exception {
    String alter =
        "alter database \"%s\" ".formatted(database.query("select current_database()").get(0));
    try {
      for (String level : List.of("repeatable read", "serializable")) {
        database.execute(alter + "set default_transaction_isolation = '%s'".formatted(level));
        assertRepeatIsRecognised(order(newKey(), level));
      }
    } finally {
      database.execute(alter + "reset default_transaction_isolation");
    }
  }

  private void assertRepeatIsRecognised(IncomingRequest request) throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(held, request);
    CompletableFuture<Outcome> second =
        supplyAsync(() -> quietly(request), TestDatabase.THREAD_EACH);
    await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);

    // When
    held.countDown();

    // Then
    assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Executed.class);
    assertThat(second).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
  }

  @Test
  void whatSpeaksOfOneMomentOrOneSessionIsNotStored() throws Exception {
    // Given
    StoredResponse response =
        new StoredResponse(
            200,
            List.of(
                new StoredResponse.HeaderField("Set-Cookie", "session=1"),
                new StoredResponse.HeaderField("DATE", "today"),
                new StoredResponse.HeaderField("Content-Length", "2"),
                new StoredResponse.HeaderField("X-Request-Id", "r1"),
                new StoredResponse.HeaderField("ETag", "\"1\"")),
            utf8("ok"));

    // When
    Outcome first = place(ORDERS, order(key, "milk"), r -> response);
    Outcome.Replayed second = (Outcome.Replayed) place(order(key, "milk"));

    // Then
    assertThat(((Outcome.Executed) first).response()).isEqualTo(response);
    assertThat(second.response().headers())
        .containsExactly(new StoredResponse.HeaderField("ETag", "\"1\""));
  }

  @Test
  void aRecordThatReservedModeHasAbandonedIsTakenOverWhenTheModeWasChanged() throws Exception {
    // Given
    assertThatThrownBy(
            () ->
                idempotency.reserved(
                    admitted(idempotency, ORDERS, order(key, "milk")),
                    reservation -> {
                      throw new IOException("no");
                    }))
        .isInstanceOf(IOException.class);

    // Then
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Executed.class);
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Replayed.class);
  }

  @Test
  void aMissingKeyIsRefusedWhereOneIsRequiredAndPassesWhereItIsOptional() {
    assertThat(idempotency.admit(ORDERS, withoutKey("milk")))
        .isEqualTo(new Admission.Refused(new Outcome.KeyMissing()));
    assertThat(idempotency.admit(ORDERS.with(Stage.OPTIONAL), withoutKey("milk")))
        .isEqualTo(new Admission.Unkeyed(Optional.empty()));
  }

  @Test
  void somethingThatIsNoKeyIsRefusedAlsoWhereAKeyIsOptional() {
    IncomingRequest broken =
        new IncomingRequest(
            "POST", "/", "", Map.of("Idempotency-Key", List.of("")), new byte[0], ALICE);
    for (Stage stage : List.of(Stage.OPTIONAL, Stage.REQUIRED)) {
      assertThat(idempotency.admit(ORDERS.with(stage), broken))
          .isEqualTo(new Admission.Refused(new Outcome.KeyInvalid("it is empty")));
    }
    assertThat(idempotency.admit(ORDERS.with(Stage.OBSERVE), broken))
        .isEqualTo(new Admission.Unkeyed(Optional.empty()));
  }

  @Test
  void aKeyDerivedByTheServerProtectsClientsThatSendNone() throws Exception {
    // Given
    Endpoint endpoint =
        ORDERS.with(
            (KeyDerivation)
                request -> Optional.of(IdempotencyKey.derivedFrom(new String(request.body()))));

    // When
    place(endpoint, withoutKey("cart 1"), response -> response);
    Outcome repeat = place(endpoint, withoutKey("cart 1"), response -> response);
    Outcome other = place(endpoint, withoutKey("cart 2"), response -> response);
    Outcome withKey = place(endpoint, order(key, "cart 1"), response -> response);

    // Then
    assertThat(repeat).isInstanceOf(Outcome.Replayed.class);
    assertThat(other).isInstanceOf(Outcome.Executed.class);
    assertThat(withKey).isInstanceOf(Outcome.Executed.class);
  }

  @Test
  void observingTellsWhatWouldHappenAndStaysOutOfTheWayOfWhatFollows() throws Exception {
    // Given
    Endpoint observed = ORDERS.with(Stage.OBSERVE);

    // When
    observe(observed, order(key, "milk"), 201);
    observe(observed, order(key, "milk"), 201);
    observe(observed, order(key, "bread"), 201);
    observe(observed, order(newKey(), "milk"), 503);
    observe(observed, withoutKey("milk"), 201);

    // Then
    assertThat(events)
        .containsExactly(
            IdempotencyListener.Event.OBSERVED_FIRST,
            IdempotencyListener.Event.OBSERVED_REPEAT,
            IdempotencyListener.Event.OBSERVED_MISMATCH,
            IdempotencyListener.Event.RELEASED,
            IdempotencyListener.Event.KEY_MISSING);
    assertThat(place(order(key, "milk"))).isInstanceOf(Outcome.Executed.class);
  }

  @Test
  void observingNeverHarmsWhenTheDatabaseRefuses() throws Exception {
    database.execute("alter table idempotency_key rename to away");
    try {
      observe(ORDERS.with(Stage.OBSERVE), order(key, "milk"), 201);
    } finally {
      database.execute("alter table away rename to idempotency_key");
    }
    assertThat(events).containsExactly(IdempotencyListener.Event.OBSERVATION_FAILED);
  }

  @Test
  void atomicModeAsksForAPostgresStoreAndTransactions() {
    try (Idempotency reservedOnly =
        Idempotency.over(
                new PostgresIdempotencyStore(
                    database.dataSource(), IdempotencyTable.DEFAULT, PATIENCE))
            .build()) {
      IdempotentCall call = admitted(reservedOnly, ORDERS, order(key, "milk"));
      assertThatThrownBy(() -> reservedOnly.atomic(call, connection -> created("")))
          .hasMessageContaining("orders.place")
          .hasMessageContaining("PostgresIdempotencyStore");
    }
  }

  private void observe(Endpoint endpoint, IncomingRequest request, int status) {
    ((Admission.Unkeyed) idempotency.admit(endpoint, request))
        .observed()
        .ifPresent(call -> idempotency.observed(call, status));
  }

  private Idempotency waiting(Duration wait) {
    return Idempotency.over(
            new PostgresIdempotencyStore(database.dataSource(), IdempotencyTable.DEFAULT, wait))
        .transactions(IdempotencyTransactions.of(database.dataSource()))
        .retryAfter(Duration.ofSeconds(3))
        .alsoNeverStored(Set.of("x-request-id"))
        .listener((endpoint, event) -> events.add(event))
        .build();
  }

  private CompletableFuture<Outcome> heldUntil(CountDownLatch held) throws InterruptedException {
    return heldUntil(held, order(key, "milk"));
  }

  private CompletableFuture<Outcome> heldUntil(CountDownLatch held, IncomingRequest request)
      throws InterruptedException {
    CountDownLatch working = new CountDownLatch(1);
    CompletableFuture<Outcome> first =
        supplyAsync(
            () ->
                quietly(
                    request,
                    response -> {
                      working.countDown();
                      held.await();
                      return response;
                    }),
            TestDatabase.THREAD_EACH);
    working.await();
    return first;
  }

  private Outcome quietly(IncomingRequest request) {
    return quietly(request, response -> response);
  }

  private Outcome quietly(IncomingRequest request, Answer answer) {
    try {
      return place(ORDERS, request, answer);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private Outcome place(IncomingRequest request) throws Exception {
    return place(ORDERS, request, response -> response);
  }

  private Outcome place(Endpoint endpoint, IncomingRequest request, Answer answer)
      throws Exception {
    return idempotency.atomic(
        admitted(idempotency, endpoint, request),
        connection -> {
          String what = new String(request.body());
          TestDatabase.execute(
              connection, "insert into effect (event_id) values ('%s')".formatted(what));
          return answer.to(created(what + " 1"));
        });
  }

  private List<String> effects() throws SQLException {
    return database.query("select event_id from effect order by n");
  }

  private List<String> records() throws SQLException {
    return database.query("select state from idempotency_key");
  }

  private static String setting(Connection connection, String name) throws SQLException {
    try (var statement = connection.prepareStatement("select current_setting(?)")) {
      statement.setString(1, name);
      try (var row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  @FunctionalInterface
  private interface Answer {

    StoredResponse to(StoredResponse usual) throws Exception;
  }
}
