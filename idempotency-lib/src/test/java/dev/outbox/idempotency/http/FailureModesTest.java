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

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.IncomingRequest.Caller;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The five ways in which idempotency fails although "there is a key", each shut. */
@WithLocalStack
class FailureModesTest {

  private final TestDatabase database;
  private final Idempotency idempotency;
  private final String key = newKey();

  FailureModesTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
    idempotency =
        Idempotency.over(
                new PostgresIdempotencyStore(
                    database.dataSource(), IdempotencyTable.DEFAULT, Duration.ofMillis(50)))
            .transactions(IdempotencyTransactions.of(database.dataSource()))
            .build();
  }

  @AfterEach
  void close() {
    idempotency.close();
  }

  @Test
  void keyScopeTwoEndpointsAndTwoTenantsWithOneKeyDoNotGetEachOthersAnswers() throws Exception {
    // When
    Outcome order = place(ORDERS, order(key, "milk"));
    Outcome refund =
        idempotency.atomic(
            admitted(idempotency, Endpoint.named("orders.refund"), order(key, "milk")),
            connection -> created("refunded"));
    Outcome otherTenant =
        place(ORDERS, order(key, "milk", new Caller(Optional.of("acme"), Optional.of("alice"))));

    // Then
    assertThat(bodyOf(order)).isEqualTo("{\"order\":1,\"item\":\"milk\"}");
    assertThat(bodyOf(refund)).isEqualTo("refunded");
    assertThat(bodyOf(otherTenant)).isEqualTo("{\"order\":2,\"item\":\"milk\"}");
  }

  @Test
  void payloadMismatchTheSameKeyWithAnotherIntentIsRejected() throws Exception {
    // Given
    place(ORDERS, order(key, "milk"));

    // Then
    assertThat(place(ORDERS, order(key, "champagne"))).isEqualTo(new Outcome.Mismatch());
    assertThat(Problem.of(new Outcome.Mismatch()).status()).isEqualTo(422);
    assertThat(OrderService.orders(database)).containsExactly("milk");
  }

  @Test
  void longRunningFirstAttemptTheRetryDoesNotDuplicateItsWorkInEitherMode() throws Exception {
    for (Mode mode : Mode.values()) {
      // Given
      CountDownLatch held = new CountDownLatch(1);
      CountDownLatch working = new CountDownLatch(1);
      Endpoint endpoint = Endpoint.named("slow." + mode).with(mode);
      CompletableFuture<Outcome> first =
          supplyAsync(() -> hold(endpoint, working, held), TestDatabase.THREAD_EACH);
      working.await();

      // When
      Outcome retry = hold(endpoint, new CountDownLatch(1), new CountDownLatch(0));

      // Then
      assertThat(retry).isInstanceOf(Outcome.InProgress.class);
      held.countDown();
      assertThat(first).succeedsWithin(PATIENCE).isInstanceOf(Outcome.Executed.class);
      assertThat(bodyOf(hold(endpoint, working, held))).isEqualTo("slow");
    }
  }

  @Test
  void partialSideEffectsOrderAndItsEventExistTogetherOrNotAtAll() throws Exception {
    // Given
    assertThatThrownBy(
            () ->
                idempotency.atomic(
                    admitted(idempotency, ORDERS, order(key, "milk")),
                    connection -> {
                      OrderService.insertOrder(connection, "milk");
                      throw new IOException("before the event was written");
                    }))
        .isInstanceOf(IOException.class);
    assertThat(OrderService.orders(database)).isEmpty();

    // When
    place(ORDERS, order(key, "milk"));
    place(ORDERS, order(key, "milk"));

    // Then
    assertThat(OrderService.orders(database)).containsExactly("milk");
    assertThat(OrderService.events(database)).hasSize(1);
  }

  @Test
  void lateRetriesAreStillRepeatsAtTheEndOfTheWindow() throws Exception {
    // Given
    Duration window =
        new RetryWindow(Duration.ofHours(70), Duration.ofHours(1), Duration.ofHours(1)).required();
    Endpoint endpoint = ORDERS.with(window);
    place(endpoint, order(key, "milk"));

    // When
    database.execute(
        """
        update idempotency_key set created_at = created_at - interval '71 hours 59 minutes',
                                   expires_at = expires_at - interval '71 hours 59 minutes'
        """);
    idempotency.deleteExpired(100);

    // Then
    assertThat(place(endpoint, order(key, "milk"))).isInstanceOf(Outcome.Replayed.class);
    assertThat(OrderService.orders(database)).containsExactly("milk");
  }

  private Outcome place(Endpoint endpoint, IncomingRequest request) throws Exception {
    return idempotency.atomic(
        admitted(idempotency, endpoint, request),
        connection -> OrderService.place(connection, new String(request.body()), newKey()));
  }

  private Outcome hold(Endpoint endpoint, CountDownLatch working, CountDownLatch held) {
    try {
      IdempotentCall call = admitted(idempotency, endpoint, order(key, "slow"));
      return endpoint.mode() == Mode.ATOMIC
          ? idempotency.atomic(call, connection -> slow(working, held))
          : idempotency.reserved(call, reservation -> slow(working, held));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static StoredResponse slow(CountDownLatch working, CountDownLatch held)
      throws InterruptedException {
    working.countDown();
    held.await();
    return created("slow");
  }
}
