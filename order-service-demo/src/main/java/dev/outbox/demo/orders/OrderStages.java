package dev.outbox.demo.orders;

import dev.outbox.demo.http.Problems;
import dev.outbox.demo.money.Money;
import dev.outbox.idempotency.update.GuardedRows;
import dev.outbox.idempotency.update.UpdateResult;
import dev.outbox.idempotency.update.UpdateResult.Conflict;
import dev.outbox.idempotency.update.UpdateResult.Updated;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.ErrorResponseException;

/**
 * The ways from one status to the next. Each is an update that carries the status it may start
 * from, in one transaction with its event; a repeat finds the status it wanted and does nothing.
 */
@Service
public class OrderStages {

  private static final String REFUND_DUE = "RefundDue";

  private static final GuardedRows<State> ORDERS =
      GuardedRows.of(
          "orders",
          "id",
          "user_id, status, total, currency, refund_due",
          row ->
              new State(
                  row.getString("user_id"),
                  OrderStatus.valueOf(row.getString("status")),
                  new Money(row.getLong("total"), row.getString("currency")),
                  row.getBoolean("refund_due")));

  private final JdbcTemplate database;
  private final Orders orders;
  private final OrderEvents events;

  OrderStages(JdbcTemplate database, Orders orders, OrderEvents events) {
    this.database = database;
    this.orders = orders;
    this.events = events;
  }

  /**
   * An order now.
   *
   * @param refundDue paid and cancelled, in whatever order
   */
  public record State(String userId, OrderStatus status, Money total, boolean refundDue) {}

  /** A step that somebody asks for. */
  enum Step {
    DISPATCH("dispatched", OrderStatus.DISPATCHED, Set.of("PAID"), "OrderDispatched"),
    RECEIPT("received", OrderStatus.RECEIVED, Set.of("DISPATCHED"), "OrderReceived"),
    CANCEL(
        "cancelled",
        OrderStatus.CANCELLED,
        Set.of("PLACED", "PAID", "PAYMENT_FAILED"),
        "OrderCancelled");

    private final String done;
    private final OrderStatus target;
    private final Set<String> from;
    private final String event;

    Step(String done, OrderStatus target, Set<String> from, String event) {
      this.done = done;
      this.target = target;
      this.from = from;
      this.event = event;
    }

    /** Whether the order has taken this step, and perhaps further ones since. */
    private boolean isBehind(OrderStatus status) {
      return status == target || (this == DISPATCH && status == OrderStatus.RECEIVED);
    }
  }

  /** The order; empty when there is none. */
  public Optional<State> find(UUID id) {
    return Optional.ofNullable(
            database.execute(
                (ConnectionCallback<Optional<State>>)
                    connection -> ORDERS.row(id).state(connection)))
        .flatMap(found -> found);
  }

  /**
   * Takes the step, unless it was taken before.
   *
   * @return the order as it is now
   * @throws ErrorResponseException 404 for an unknown order, 409 when its status does not allow it
   */
  @Transactional
  Order take(Step step, UUID id) {
    UpdateResult<State> result =
        execute(
            ORDERS
                .row(id)
                .set(
                    "status = ?, refund_due = (? = 'CANCELLED' and status = 'PAID')",
                    step.target.name(),
                    step.target.name())
                .onlyIf("status = any (?)", (Object) step.from.toArray(String[]::new)));
    if (result instanceof Updated<State> updated) {
      State order = updated.state();
      events.once(id, order.userId(), step.event, Map.of("total", order.total()), "");
      if (order.refundDue()) {
        events.note(id, REFUND_DUE, "was paid before it was cancelled");
      }
    } else if (result instanceof Conflict<State> conflict) {
      if (!step.isBehind(conflict.current().status())) {
        throw Problems.refusal(conflict(step, conflict.current().status()));
      }
    } else {
      throw unknown(id);
    }
    return orders.find(id).orElseThrow(() -> unknown(id));
  }

  /** The money is there: paid, or due to be given back when the order was cancelled meanwhile. */
  @Transactional
  public void paymentSettled(UUID id) {
    UpdateResult<State> result =
        execute(
            ORDERS
                .row(id)
                .set(
                    """
                    status = case when status = 'CANCELLED' then status else 'PAID' end,
                    refund_due = (status = 'CANCELLED')\
                    """)
                .onlyIf("status in ('PLACED', 'PAYMENT_FAILED', 'CANCELLED')"));
    if (result instanceof Updated<State> updated && updated.state().refundDue()) {
      events.note(id, REFUND_DUE, "was cancelled before it was paid");
    }
  }

  /** There will be no money, unless a later callback says otherwise. */
  @Transactional
  public void paymentFailed(UUID id) {
    execute(ORDERS.row(id).set("status = 'PAYMENT_FAILED'").onlyIf("status = 'PLACED'"));
  }

  /** The answer to who asks for an order that is not there. */
  public static ErrorResponseException unknown(UUID id) {
    return Problems.notFound("There is no order " + id);
  }

  private UpdateResult<State> execute(GuardedRows<State>.Guarded change) {
    UpdateResult<State> result =
        database.execute((ConnectionCallback<UpdateResult<State>>) change::execute);
    if (result == null) {
      throw new IllegalStateException("A guarded update gave no result");
    }
    return result;
  }

  private static ProblemDetail conflict(Step step, OrderStatus status) {
    ProblemDetail problem =
        Problems.of(
            HttpStatus.CONFLICT,
            "order-status-conflict",
            "The order's status does not allow this",
            "An order that is %s cannot be %s; it must be %s"
                .formatted(
                    status, step.done, String.join(" or ", step.from.stream().sorted().toList())));
    problem.setProperty("orderStatus", status);
    return problem;
  }
}
