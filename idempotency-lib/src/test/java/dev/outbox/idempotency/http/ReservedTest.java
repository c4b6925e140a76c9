package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ORDERS;
import static dev.outbox.idempotency.http.Requests.admitted;
import static dev.outbox.idempotency.http.Requests.answer;
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
import dev.outbox.idempotency.http.IncomingRequest.Caller;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class ReservedTest {

  private static final Endpoint PAYMENTS = ORDERS.with(Mode.RESERVED);

  private final TestDatabase database;
  private final PostgresIdempotencyStore store;
  private final List<Idempotency> opened = new ArrayList<>();
  private final Idempotency idempotency;
  private final PaymentProvider provider = new PaymentProvider();
  private final String key = newKey();

  ReservedTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
    store =
        new PostgresIdempotencyStore(
            database.dataSource(), IdempotencyTable.DEFAULT, Duration.ofSeconds(20));
    idempotency = instance(Idempotency.Builder.DEFAULT_LEASE, Idempotency.Builder.DEFAULT_LONGEST);
  }

  @AfterEach
  void close() {
    opened.forEach(Idempotency::close);
  }

  @Test
  void aRepeatGetsTheStoredAnswerAndTheProviderIsNotAskedAgain() throws Exception {
    // When
    Outcome first = pay(idempotency);
    Outcome second = pay(idempotency);

    // Then
    assertThat(first).isInstanceOf(Outcome.Executed.class);
    assertThat(second).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(second)).isEqualTo(bodyOf(first));
    assertThat(provider.charges).hasSize(1);
    assertThat(provider.calls).hasSize(1);
  }

  @Test
  void aDuplicateIsToldToComeAgainWhileTheFirstIsAtWork() throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(idempotency, held);

    // Then
    assertThat(pay(idempotency)).isEqualTo(new Outcome.InProgress(Duration.ofSeconds(1)));
    held.countDown();
    assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Executed.class);
  }

  @Test
  void anAttemptThatDiedIsResumedFromItsRecordedStepWhenItsLeaseHasEnded() throws Exception {
    // Given: a process that has charged and recorded it, and is gone
    ClaimRequest claim = admitted(idempotency, PAYMENTS, order(key, "100")).claim();
    long dead = ((Claim.Claimed) store.claim(claim, Duration.ofMillis(200))).fence();
    store.recordStep(claim.id(), dead, "charge", Requests.utf8("ch_1"));

    // When
    Outcome outcome = await().atMost(PATIENCE).until(() -> pay(idempotency), this::isExecuted);

    // Then
    assertThat(bodyOf(outcome)).isEqualTo("charged as ch_1, order 1");
    assertThat(provider.calls).isEmpty();
    assertThat(OrderService.orders(database)).containsExactly("100");
  }

  @Test
  void anAttemptThatDiedBetweenChargingAndRecordingIsRepeatedUnderTheSameKeyForTheProvider()
      throws Exception {
    // Given
    assertThatThrownBy(
            () ->
                idempotency.reserved(
                    admitted(idempotency, PAYMENTS, order(key, "100")),
                    reservation -> {
                      provider.charge(reservation.keyFor("charge"));
                      throw new IOException("gone before it was recorded");
                    }))
        .isInstanceOf(IOException.class);

    // When
    pay(idempotency);

    // Then
    assertThat(provider.calls).hasSize(2);
    assertThat(provider.charges).hasSize(1);
  }

  @Test
  void theProvidersKeyIsAnotherForAnotherCallerOrStepAndDoesNotGiveTheClientsAway()
      throws Exception {
    // When
    pay(idempotency);
    pay(idempotency, order(key, "100", Caller.principal("bob")));
    idempotency.reserved(
        admitted(idempotency, PAYMENTS, order(newKey(), "100")),
        reservation -> {
          provider.charge(reservation.keyFor("charge"));
          provider.charge(reservation.keyFor("fee"));
          return created("");
        });

    // Then
    assertThat(provider.charges).hasSize(4);
    assertThat(provider.calls).noneMatch(sent -> sent.contains(key));
  }

  @Test
  void theHeartbeatKeepsALeaseThatIsShorterThanTheWork() throws Exception {
    // Given
    Idempotency brief = instance(Duration.ofMillis(600), PATIENCE);
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(brief, held);

    // When: longer than the lease
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                database.query(
                    """
                    select id from idempotency_key
                    where lease_until > created_at + 3 * interval '600 milliseconds'
                    """),
            rows -> !rows.isEmpty());

    // Then
    assertThat(pay(idempotency)).isInstanceOf(Outcome.InProgress.class);
    held.countDown();
    assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Executed.class);
  }

  @Test
  void aLateFirstAttemptCannotOverwriteItsSuccessorAndGivesItsAnswer() throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> late =
        inBackground(
            hanging(),
            reservation -> {
              held.await();
              return created("late");
            });

    // When
    Outcome successor = await().atMost(PATIENCE).until(() -> pay(idempotency), this::isExecuted);
    held.countDown();

    // Then
    assertThat(late).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
    assertThat(bodyOf(late.join())).isEqualTo(bodyOf(successor)).doesNotContain("late");
    assertThat(bodyOf(pay(idempotency))).isEqualTo(bodyOf(successor));
  }

  @Test
  void aLateFirstAttemptsLocalStepIsRolledBack() throws Exception {
    // Given
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> late =
        inBackground(
            hanging(),
            reservation -> {
              held.await();
              reservation.localStep(
                  "order",
                  connection -> {
                    OrderService.insertOrder(connection, "late");
                    return new byte[0];
                  });
              return created("late");
            });

    // When
    await().atMost(PATIENCE).until(() -> pay(idempotency), this::isExecuted);
    held.countDown();

    // Then
    assertThat(late).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Replayed.class);
    assertThat(OrderService.orders(database)).containsExactly("100");
  }

  @Test
  void anAttemptThatKnowsItHasLostDoesNotEvenBeginAStep() throws Exception {
    try (Heartbeats heartbeats = new Heartbeats(store, Duration.ofMillis(300), PATIENCE)) {
      // Given
      ClaimRequest request = admitted(idempotency, PAYMENTS, order(key, "100")).claim();
      Claim.Claimed claimed = (Claim.Claimed) store.claim(request, PATIENCE);
      Heartbeats.Heartbeat heartbeat = heartbeats.keep(request.id(), claimed.fence());
      Reservation reservation =
          new HeldReservation(store, Optional.empty(), request.id(), claimed, heartbeat);

      // When
      database.execute("update idempotency_key set fence = default");
      await().atMost(PATIENCE).until(heartbeat::lost);

      // Then
      assertThatThrownBy(() -> reservation.textStep("charge", () -> provider.charge("late")))
          .isInstanceOf(SupersededException.class);
      assertThat(provider.calls).isEmpty();
    }
  }

  @Test
  void whoWasReplacedGetsItsSuccessorsAnswerThoughAFrameworkWrapsWhatToldItSo() throws Exception {
    // When
    Outcome outcome =
        idempotency.reserved(
            admitted(idempotency, PAYMENTS, order(key, "100")),
            reservation -> {
              database.execute("update idempotency_key set fence = default"); // somebody takes over
              try {
                return answer(201, charge(reservation));
              } catch (SupersededException e) {
                throw new IllegalStateException("wrapped", e);
              }
            });

    // Then
    assertThat(outcome).isInstanceOf(Outcome.InProgress.class);
  }

  @Test
  void aServerErrorIsReleasedAndItsStepsStay() throws Exception {
    // Given
    Outcome failed =
        idempotency.reserved(
            admitted(idempotency, PAYMENTS, order(key, "100")),
            reservation -> {
              charge(reservation);
              return answer(502, "later");
            });
    assertThat(((Outcome.Executed) failed).remembered()).isEmpty();

    // When
    Outcome second = pay(idempotency);

    // Then
    assertThat(second).isInstanceOf(Outcome.Executed.class);
    assertThat(provider.calls).hasSize(1);
  }

  @Test
  void aFinalRefusalIsStored() throws Exception {
    idempotency.reserved(
        admitted(idempotency, PAYMENTS, order(key, "100")),
        reservation -> answer(402, "card declined"));
    assertThat(bodyOf(pay(idempotency))).isEqualTo("card declined");
    assertThat(provider.calls).isEmpty();
  }

  @Test
  void anotherBodyUnderTheSameKeyIsRefusedWhileTheFirstIsAtWork() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CompletableFuture<Outcome> first = heldUntil(idempotency, held);
    assertThat(pay(idempotency, order(key, "200"))).isEqualTo(new Outcome.Mismatch());
    held.countDown();
    assertThat(first).succeedsWithin(PATIENCE);
  }

  @Test
  void aLocalStepNeedsTheServicesOwnDatabase() {
    Idempotency withoutTransactions = Idempotency.over(store).build();
    opened.add(withoutTransactions);
    assertThatThrownBy(() -> pay(withoutTransactions))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Step 'order' cannot commit with its record");
  }

  private Idempotency hanging() {
    return instance(Duration.ofMillis(200), Duration.ofNanos(1));
  }

  private Idempotency instance(Duration lease, Duration longest) {
    Idempotency instance =
        Idempotency.over(store)
            .transactions(IdempotencyTransactions.of(database.dataSource()))
            .lease(lease)
            .longest(longest)
            .build();
    opened.add(instance);
    return instance;
  }

  private CompletableFuture<Outcome> heldUntil(Idempotency instance, CountDownLatch held)
      throws InterruptedException {
    return inBackground(
        instance,
        reservation -> {
          held.await();
          return created("held");
        });
  }

  private CompletableFuture<Outcome> inBackground(Idempotency instance, ReservedWork work)
      throws InterruptedException {
    CountDownLatch working = new CountDownLatch(1);
    CompletableFuture<Outcome> outcome =
        supplyAsync(
            () -> {
              try {
                return instance.reserved(
                    admitted(instance, PAYMENTS, order(key, "100")),
                    reservation -> {
                      working.countDown();
                      return work.run(reservation);
                    });
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            TestDatabase.THREAD_EACH);
    working.await();
    return outcome;
  }

  private Outcome pay(Idempotency instance) throws Exception {
    return pay(instance, order(key, "100"));
  }

  private Outcome pay(Idempotency instance, IncomingRequest request) throws Exception {
    return instance.reserved(
        admitted(instance, PAYMENTS, request),
        reservation -> {
          String charge = charge(reservation);
          byte[] order =
              reservation.localStep(
                  "order",
                  connection ->
                      Requests.utf8("order " + OrderService.insertOrder(connection, "100")));
          return created("charged as %s, %s".formatted(charge, new String(order)));
        });
  }

  private String charge(Reservation reservation) {
    return reservation.textStep("charge", () -> provider.charge(reservation.keyFor("charge")));
  }

  private boolean isExecuted(Outcome outcome) {
    return outcome instanceof Outcome.Executed;
  }

  /** A third party that honours keys, as payment providers do. */
  private static final class PaymentProvider {

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Map<String, String> charges = new ConcurrentHashMap<>();

    String charge(String idempotencyKey) {
      calls.add(idempotencyKey);
      return charges.computeIfAbsent(idempotencyKey, k -> "ch_" + (charges.size() + 1));
    }
  }
}
