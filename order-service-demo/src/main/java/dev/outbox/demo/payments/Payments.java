package dev.outbox.demo.payments;

import dev.outbox.demo.http.Problems;
import dev.outbox.demo.money.Money;
import dev.outbox.demo.orders.OrderEvents;
import dev.outbox.demo.orders.OrderStages;
import dev.outbox.demo.orders.OrderStatus;
import dev.outbox.idempotency.update.GuardedRows;
import dev.outbox.idempotency.update.UpdateResult;
import dev.outbox.idempotency.update.UpdateResult.Conflict;
import dev.outbox.idempotency.update.UpdateResult.Updated;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.ErrorResponseException;

/** What the order service knows of payments. Locks the payment first and its order second. */
@Service
class Payments {

  private static final GuardedRows<Payment> PAYMENTS =
      GuardedRows.of(
          "payment",
          "order_id",
          "coalesce(intent, '') as intent, coalesce(payment_id, '') as payment_id, status",
          row ->
              new Payment(
                  row.getString("intent"),
                  row.getString("payment_id"),
                  PaymentStatus.valueOf(row.getString("status"))));

  private final JdbcTemplate database;
  private final OrderStages stages;
  private final OrderEvents events;

  Payments(JdbcTemplate database, OrderStages stages, OrderEvents events) {
    this.database = database;
    this.stages = stages;
    this.events = events;
  }

  /** Names that are not known yet are empty. */
  private record Payment(String intent, String paymentId, PaymentStatus status) {}

  /**
   * What is to be paid.
   *
   * @throws ErrorResponseException 404 for an unknown order
   */
  Money total(UUID orderId) {
    return stages.find(orderId).orElseThrow(() -> OrderStages.unknown(orderId)).total();
  }

  /**
   * Gives this intent the right to ask the provider. Of several requests to pay, each under a key
   * of its own, one gets it, and keeps it.
   *
   * @throws ErrorResponseException 404 for an unknown order; 409 when another intent has it, or the
   *     order is past paying
   */
  @Transactional
  void claim(UUID orderId, String intent) {
    OrderStatus status =
        stages.find(orderId).orElseThrow(() -> OrderStages.unknown(orderId)).status();
    if (status != OrderStatus.PLACED) {
      throw refused("An order that is %s cannot be paid".formatted(status));
    }
    makeRow(orderId);
    UpdateResult<Payment> result =
        execute(
            PAYMENTS
                .row(orderId)
                .set("intent = ?", intent)
                .onlyIf("intent = ? or (intent is null and payment_id is null)", intent));
    if (!(result instanceof Updated)) {
      throw refused(
          "Another request to pay this order came first; repeat that one with its key, or cancel"
              + " the order");
    }
  }

  /** The provider has answered. Its callbacks may have come before that. */
  @Transactional
  void requested(UUID orderId, String paymentId) {
    UpdateResult<Payment> result =
        execute(
            PAYMENTS
                .row(orderId)
                .set("payment_id = ?, status = ?", paymentId, PaymentStatus.REQUESTED.name())
                .onlyIf(
                    "payment_id is null and status = any (?)",
                    (Object) PaymentStatus.REQUESTED.earlier()));
    String detail = "payment " + paymentId;
    if (result instanceof Updated) {
      events.note(orderId, "PaymentRequested", detail);
    } else if (result instanceof Conflict<Payment> conflict
        && conflict.current().paymentId().equals(paymentId)) {
      events.noteFirst(orderId, "PaymentRequested", detail + ", told by a callback before");
    } else {
      throw refused("The order has another payment");
    }
  }

  /**
   * Takes a callback: the first time with its effect, any further time without, and a status that
   * was overtaken by a later one without too.
   */
  @Transactional
  CallbackResult take(UUID orderId, PaymentCallback callback) {
    Optional<OrderStages.State> order = stages.find(orderId);
    if (order.isEmpty()) {
      return new CallbackResult.UnknownOrder();
    }
    Money total = order.get().total();
    if (callback.amount() != total.amount()) {
      noteRefusal(
          orderId, callback, "amount %d in place of %s".formatted(callback.amount(), total));
      return new CallbackResult.WrongAmount(total);
    }
    makeRow(orderId);
    PaymentStatus status = callback.status().status();
    UpdateResult<Payment> result =
        execute(
            PAYMENTS
                .row(orderId)
                .set("payment_id = ?, status = ?", callback.paymentId(), status.name())
                .onlyIf(
                    "(payment_id is null or payment_id = ?) and status = any (?)",
                    callback.paymentId(),
                    status.earlier()));
    if (result instanceof Conflict<Payment> conflict) {
      return leave(orderId, callback, conflict.current());
    }
    apply(orderId, order.get(), callback);
    return new CallbackResult.Taken();
  }

  private void apply(UUID orderId, OrderStages.State order, PaymentCallback callback) {
    String detail = "payment " + callback.paymentId();
    switch (callback.status()) {
      case AUTHORIZED -> {
        // Nothing depends on it yet, so nobody is told.
        events.note(orderId, callback.status().event(), detail);
        return;
      }
      case FAILED -> stages.paymentFailed(orderId);
      case SETTLED -> stages.paymentSettled(orderId);
    }
    events.once(
        orderId,
        order.userId(),
        callback.status().event(),
        Map.of("paymentId", callback.paymentId(), "amount", order.total()),
        detail);
  }

  /** A repeat, or overtaken by a later status; or about another payment. */
  private CallbackResult leave(UUID orderId, PaymentCallback callback, Payment current) {
    if (!current.paymentId().equals(callback.paymentId())) {
      noteRefusal(orderId, callback, "the order has payment " + current.paymentId());
      return new CallbackResult.OtherPayment(current.paymentId());
    }
    events.noteFirst(
        orderId,
        callback.status().event(),
        "payment %s, came after %s: changes nothing"
            .formatted(callback.paymentId(), current.status()));
    return new CallbackResult.Taken();
  }

  private void noteRefusal(UUID orderId, PaymentCallback callback, String why) {
    events.note(
        orderId,
        "CallbackRefused",
        "payment %s, %s: %s".formatted(callback.paymentId(), callback.status(), why));
  }

  private void makeRow(UUID orderId) {
    database.update(
        "insert into payment (order_id, status) values (?, 'NEW') on conflict (order_id) do nothing",
        orderId);
  }

  private UpdateResult<Payment> execute(GuardedRows<Payment>.Guarded change) {
    UpdateResult<Payment> result =
        database.execute((ConnectionCallback<UpdateResult<Payment>>) change::execute);
    if (result == null) {
      throw new IllegalStateException("A guarded update gave no result");
    }
    return result;
  }

  private static ErrorResponseException refused(String detail) {
    return Problems.refusal(
        Problems.of(
            HttpStatus.CONFLICT, "payment-conflict", "The order cannot be paid now", detail));
  }
}
