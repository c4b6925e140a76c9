package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ORDERS;
import static dev.outbox.idempotency.http.Requests.admitted;
import static dev.outbox.idempotency.http.Requests.bodyOf;
import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.newKey;
import static dev.outbox.idempotency.http.Requests.order;
import static dev.outbox.idempotency.http.Requests.withoutKey;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The seven points by which to review whatever can be triggered more than once. */
@WithLocalStack
class SafeRetriesChecklistTest {

  private final TestDatabase database;
  private final Idempotency idempotency;
  private final String key = newKey();

  SafeRetriesChecklistTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
    idempotency = newInstance();
  }

  @AfterEach
  void close() {
    idempotency.close();
  }

  @Test
  void point1TheIntentHasAnIdentityGivenByTheClientOrDerivedFromWhatItSays() throws Exception {
    // Given
    Endpoint derived =
        ORDERS.with(
            (KeyDerivation)
                request ->
                    Optional.of(IdempotencyKey.derivedFrom("cart", new String(request.body()))));

    // When
    place(ORDERS, order(key, "milk"));
    place(ORDERS, order(key, "milk"));
    place(derived, withoutKey("cart 7"));
    place(derived, withoutKey("cart 7"));

    // Then
    assertThat(OrderService.orders(database)).containsExactly("milk", "cart 7");
  }

  @Test
  void point2TheRecordIsDurableAndUniqueAndOutlivesTheProcess() throws Exception {
    // Given
    Outcome first = place(ORDERS, order(key, "milk"));

    // When
    idempotency.close();
    try (Idempotency restarted = newInstance()) {
      Outcome second =
          restarted.atomic(
              admitted(restarted, ORDERS, order(key, "milk")), connection -> created("again"));

      // Then
      assertThat(bodyOf(second)).isEqualTo(bodyOf(first));
    }
    assertThatThrownBy(
            () ->
                database.execute(
                    """
                    insert into idempotency_key (id, endpoint, request_hash, state, expires_at)
                    select id, endpoint, request_hash, 'in_progress', expires_at
                    from idempotency_key
                    """))
        .hasMessageContaining("duplicate key value");
  }

  @Test
  void point3ReservationAndCompletionAreApartForWorkThatCallsThirdParties() throws Exception {
    // Given
    Endpoint endpoint = ORDERS.with(Mode.RESERVED);
    IdempotentCall call = admitted(idempotency, endpoint, order(key, "milk"));

    // When
    Outcome outcome =
        idempotency.reserved(
            call,
            reservation -> {
              assertThat(database.query("select state from idempotency_key"))
                  .containsExactly("in_progress");
              return created(reservation.textStep("charge", () -> "ch_1"));
            });

    // Then
    assertThat(database.query("select state from idempotency_key")).containsExactly("completed");
    assertThat(idempotency.reserved(call, reservation -> created("not run")))
        .isInstanceOf(Outcome.Replayed.class)
        .extracting(Requests::bodyOf)
        .isEqualTo(bodyOf(outcome));
  }

  @Test
  void point4SideEffectsAreEventsWithStableIdsThatConsumersDeduplicate() throws Exception {
    // Given
    database.migrate(InboxSchema::migrate);
    Inbox mails = Inbox.forConsumer("mails");
    place(ORDERS, order(key, "milk"));
    place(ORDERS, order(key, "milk"));
    List<String> events = OrderService.events(database);

    // When
    for (int delivery = 0; delivery < 2; delivery++) {
      try (Connection connection = database.begin()) {
        mails.process(
            connection,
            new EventKey("orders", events.get(0)),
            () -> TestDatabase.execute(connection, "insert into effect (key) values ('mail')"));
        connection.commit();
      }
    }

    // Then
    assertThat(events).hasSize(1);
    assertThat(database.query("select key from effect")).containsExactly("mail");
  }

  @Test
  void point5ATimeoutIsAmbiguousAndTheClientMayRetryWithoutGuessing() throws Exception {
    // Given: two clients without an answer, one before the commit and one after it
    String before = newKey();
    String after = newKey();
    assertThatThrownBy(
            () ->
                idempotency.atomic(
                    admitted(idempotency, ORDERS, order(before, "before")),
                    connection -> {
                      OrderService.place(connection, "before", before);
                      throw new IOException("the connection is gone");
                    }))
        .isInstanceOf(IOException.class);
    place(ORDERS, order(after, "after"));

    // When
    place(ORDERS, order(before, "before"));
    place(ORDERS, order(after, "after"));

    // Then
    assertThat(OrderService.orders(database)).containsExactlyInAnyOrder("before", "after");
  }

  @Test
  void point6RetentionIsDecidedCheckedAndEndsOnPurpose() throws Exception {
    // Given
    assertThatThrownBy(() -> RetryWindow.DEFAULT.check("window", Duration.ofHours(13)))
        .isInstanceOf(WindowTooShortException.class);
    place(ORDERS, order(key, "milk"));

    // When
    assertThat(idempotency.deleteExpired(100)).isZero();
    database.execute("update idempotency_key set expires_at = clock_timestamp()");
    Outcome newWork = place(ORDERS, order(key, "milk"));
    database.execute("update idempotency_key set expires_at = clock_timestamp()");

    // Then
    assertThat(newWork).isInstanceOf(Outcome.Executed.class);
    assertThat(idempotency.deleteExpired(100)).isEqualTo(1);
    assertThat(database.query("select id from idempotency_key")).isEmpty();
  }

  @Test
  void point7DroppedResponsesDuplicateDeliveriesAndConcurrentRetriesEndInOneStateForEachIntent()
      throws Exception {
    // Given
    List<String> intents = IntStream.range(0, 10).mapToObj(i -> newKey()).toList();

    // When: each intent is sent by four threads, which drop half of the answers and send again
    List<CompletableFuture<String>> clients =
        IntStream.range(0, 40)
            .mapToObj(
                i ->
                    supplyAsync(
                        () -> intents.get(i % 10) + " " + persist(intents.get(i % 10), i),
                        TestDatabase.THREAD_EACH))
            .toList();

    // Then
    assertThat(clients.stream().map(CompletableFuture::join).distinct()).hasSize(10);
    assertThat(OrderService.orders(database)).containsExactlyInAnyOrderElementsOf(intents);
    assertThat(OrderService.events(database)).hasSize(10).doesNotHaveDuplicates();
  }

  /** A client that believes every second answer lost, and sends again until it has one. */
  private String persist(String intent, int seed) {
    Random dice = new Random(seed);
    while (true) {
      try {
        Outcome outcome = place(ORDERS, order(intent, intent), intent);
        boolean answered = !(outcome instanceof Outcome.InProgress);
        if (answered && dice.nextBoolean()) {
          return bodyOf(outcome);
        }
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private Outcome place(Endpoint endpoint, IncomingRequest request) throws Exception {
    return place(endpoint, request, newKey());
  }

  private Outcome place(Endpoint endpoint, IncomingRequest request, String intent)
      throws Exception {
    return idempotency.atomic(
        admitted(idempotency, endpoint, request),
        connection -> OrderService.place(connection, new String(request.body()), intent));
  }

  private Idempotency newInstance() {
    return Idempotency.over(
            new PostgresIdempotencyStore(
                database.dataSource(), IdempotencyTable.DEFAULT, Duration.ofSeconds(10)))
        .transactions(IdempotencyTransactions.of(database.dataSource()))
        .build();
  }
}
