package dev.outbox.demo.payments;

import dev.outbox.demo.http.Problems;
import dev.outbox.demo.money.Money;
import dev.outbox.demo.orders.OrderStages;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Reservation;
import dev.outbox.idempotency.http.spring.Idempotent;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Payments over HTTP: asked for by the customer, reported by the provider. */
@RestController
@RequestMapping(path = "/orders/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "Payments")
class PaymentsController {

  private static final byte[] NOTHING = {};

  private final Payments payments;
  private final PaymentProvider provider;
  private final ProviderSettings settings;

  PaymentsController(Payments payments, PaymentProvider provider, ProviderSettings settings) {
    this.payments = payments;
    this.provider = provider;
    this.settings = settings;
  }

  /** A payment that the provider has taken on; callbacks tell how it ends. */
  record Requested(UUID orderId, String paymentId, PaymentStatus status, Money amount) {}

  /**
   * A transaction cannot hold the provider, so the work is done in steps: an attempt that dies or
   * gives up is taken up by the next one with the same key, and the provider sees one key however
   * often it is asked.
   */
  @PostMapping("/payments")
  @Idempotent(name = "pay-order", mode = Mode.RESERVED)
  @Operation(summary = "Ask the provider to charge what the order costs")
  @ApiResponse(responseCode = "202", description = "Asked; the provider calls back")
  @ApiResponse(responseCode = "502", description = "The provider failed; send the same again")
  @ApiResponse(
      responseCode = "504",
      description = "The provider did not answer in time; send the same again")
  ResponseEntity<Requested> pay(
      @PathVariable UUID id,
      @RequestBody(required = false) @Nullable PayOrder wish,
      @Parameter(hidden = true) Reservation reservation)
      throws Exception {
    Money total = payments.total(id);
    String intent = reservation.keyFor("charge");
    reservation.localStep(
        "claim",
        connection -> {
          payments.claim(id, intent);
          return NOTHING;
        });
    Behaviour behaviour =
        Optional.ofNullable(wish).map(PayOrder::provider).orElse(settings.behaviour());
    String paymentId =
        reservation.<ErrorResponseException>textStep(
            "charge", () -> charge(new Charge(id, total), intent, behaviour));
    reservation.localStep(
        "record",
        connection -> {
          payments.requested(id, paymentId);
          return NOTHING;
        });
    return ResponseEntity.accepted()
        .body(new Requested(id, paymentId, PaymentStatus.REQUESTED, total));
  }

  private String charge(Charge charge, String key, Behaviour behaviour) {
    try {
      return provider.charge(charge, key, behaviour);
    } catch (ProviderException e) {
      throw Problems.passing(
          Problems.of(
              e.status(),
              "payment-provider-unavailable",
              "The payment provider has not confirmed the payment",
              e.getMessage()
                  + ". Send the same request with the same key again: it is charged once."),
          1);
    }
  }

  @PostMapping("/payment-callbacks")
  @Operation(
      summary = "The provider reports an outcome",
      description =
          "May come again, late and in any order: a repeat gets the same answer, and the later"
              + " status wins.")
  @ApiResponse(responseCode = "200", description = "Taken, now or before")
  @ApiResponse(responseCode = "404", description = "No such order")
  @ApiResponse(responseCode = "409", description = "The order has another payment")
  @ApiResponse(responseCode = "422", description = "Not what the order costs; noted")
  PaymentCallback.Taken callback(
      @PathVariable UUID id, @Valid @RequestBody PaymentCallback callback) {
    // The refusals are answered from here and not thrown within the transaction, which keeps a
    // note.
    CallbackResult result = payments.take(id, callback);
    if (result instanceof CallbackResult.UnknownOrder) {
      throw OrderStages.unknown(id);
    }
    if (result instanceof CallbackResult.WrongAmount wrong) {
      throw Problems.refusal(
          Problems.of(
              HttpStatus.UNPROCESSABLE_ENTITY,
              "payment-amount-mismatch",
              "The amount is not what the order costs",
              "%d was reported, and the order costs %s"
                  .formatted(callback.amount(), wrong.total())));
    }
    if (result instanceof CallbackResult.OtherPayment other) {
      throw Problems.refusal(
          Problems.of(
              HttpStatus.CONFLICT,
              "payment-conflict",
              "The order has another payment",
              "Its payment is " + other.paymentId()));
    }
    return callback.takenFor(id);
  }
}
