package dev.outbox.idempotency.update;

import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.update.UpdateResult.Conflict;
import dev.outbox.idempotency.update.UpdateResult.Updated;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The order workflow: submitted, paid, dispatched, received, each step safe to repeat. */
@WithLocalStack
class OrderWorkflowTest {

  /** The steps in their order. */
  enum Status {
    SUBMITTED,
    PAID,
    DISPATCHED,
    RECEIVED
  }

  /** What the sender of a callback is answered. */
  enum Answer {
    DONE,
    REPEAT,
    TOO_EARLY,
    REFUSED
  }

  record Order(Status status, String paymentId) {}

  private static final GuardedRows<Order> ORDERS =
      GuardedRows.of(
          "orders",
          "id",
          "status, coalesce(payment_id, '') as payment_id",
          row -> new Order(Status.valueOf(row.getString("status")), row.getString("payment_id")));

  private final TestDatabase database;

  OrderWorkflowTest(PostgresServer postgres) throws SQLException {
    database = TestDatabase.empty(postgres);
    database.execute("create table orders (id text primary key, status text, payment_id text)");
    database.execute("create table effect (what text)");
    database.execute("insert into orders values ('o1', 'SUBMITTED', null)");
  }

  @Test
  void everyStepTakesEffectOnceInItsOrder() throws SQLException {
    assertThat(pay("o1", "p1")).isEqualTo(Answer.DONE);
    assertThat(advance("o1", Status.DISPATCHED)).isEqualTo(Answer.DONE);
    assertThat(advance("o1", Status.RECEIVED)).isEqualTo(Answer.DONE);
    assertThat(effects()).containsExactly("PAID", "DISPATCHED", "RECEIVED");
  }

  @Test
  void aPaymentCallbackThatComesAgainIsARepeatAtAnyLaterTime() throws SQLException {
    // Given
    pay("o1", "p1");

    // Then
    assertThat(pay("o1", "p1")).isEqualTo(Answer.REPEAT);
    advance("o1", Status.DISPATCHED);
    assertThat(pay("o1", "p1")).isEqualTo(Answer.REPEAT);
    advance("o1", Status.RECEIVED);
    assertThat(pay("o1", "p1")).isEqualTo(Answer.REPEAT);
    assertThat(database.query("select status from orders")).containsExactly("RECEIVED");
    assertThat(effects()).containsExactly("PAID", "DISPATCHED", "RECEIVED");
  }

  @Test
  void aSecondPaymentOfOneOrderIsNotTakenForARepeat() throws SQLException {
    pay("o1", "p1");
    assertThat(pay("o1", "p2")).isEqualTo(Answer.REFUSED);
    assertThat(database.query("select payment_id from orders")).containsExactly("p1");
  }

  @Test
  void callbacksOutOfOrderChangeNothingAndMayComeAgain() throws SQLException {
    // When: receipt before dispatch before payment, and a payment before its order
    assertThat(advance("o1", Status.RECEIVED)).isEqualTo(Answer.TOO_EARLY);
    assertThat(advance("o1", Status.DISPATCHED)).isEqualTo(Answer.TOO_EARLY);
    assertThat(pay("o2", "p9")).isEqualTo(Answer.TOO_EARLY);
    assertThat(effects()).isEmpty();

    // Then
    everyStepTakesEffectOnceInItsOrder();
  }

  @Test
  void callbacksAtTheSameTimeTakeEffectOnce() throws SQLException {
    // When
    List<CompletableFuture<Answer>> callbacks =
        IntStream.range(0, 16)
            .mapToObj(i -> supplyAsync(this::payUnchecked, TestDatabase.THREAD_EACH))
            .toList();
    List<Answer> answers =
        callbacks.stream()
            .map(callback -> callback.orTimeout(30, TimeUnit.SECONDS).join())
            .toList();

    // Then
    assertThat(answers).filteredOn(Answer.DONE::equals).hasSize(1);
    assertThat(answers).filteredOn(Answer.REPEAT::equals).hasSize(15);
    assertThat(effects()).containsExactly("PAID");
  }

  private Answer payUnchecked() {
    try {
      return pay("o1", "p1");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private Answer pay(String orderId, String paymentId) throws SQLException {
    try (Connection connection = database.begin()) {
      UpdateResult<Order> result =
          ORDERS
              .row(orderId)
              .set("status = 'PAID', payment_id = ?", paymentId)
              .onlyIf("status = 'SUBMITTED'")
              .execute(connection);
      if (result instanceof Conflict<Order> conflict) {
        return conflict.current().paymentId().equals(paymentId) ? Answer.REPEAT : Answer.REFUSED;
      }
      return finish(connection, result, Status.PAID);
    }
  }

  private Answer advance(String orderId, Status next) throws SQLException {
    Status before = Status.values()[next.ordinal() - 1];
    try (Connection connection = database.begin()) {
      UpdateResult<Order> result =
          ORDERS
              .row(orderId)
              .set("status = ?", next.name())
              .onlyIf("status = ?", before.name())
              .execute(connection);
      if (result instanceof Conflict<Order> conflict) {
        boolean reached = conflict.current().status().compareTo(next) >= 0;
        return reached ? Answer.REPEAT : Answer.TOO_EARLY;
      }
      return finish(connection, result, next);
    }
  }

  private static Answer finish(Connection connection, UpdateResult<Order> result, Status status)
      throws SQLException {
    if (!(result instanceof Updated)) {
      return Answer.TOO_EARLY;
    }
    TestDatabase.execute(connection, "insert into effect values ('%s')".formatted(status));
    connection.commit();
    return Answer.DONE;
  }

  private List<String> effects() throws SQLException {
    return database.query("select what from effect");
  }
}
