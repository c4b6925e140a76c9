package dev.outbox.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.demo.Shop.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each stage under double clicks, lost answers and concurrent duplicates. */
class OrderStagesTest extends ShopTestBase {

  private static final int DUPLICATES = 12;

  @Test
  void anOrderPlacedByADoubleClickIsOneOrder() throws Exception {
    // When the same form is sent many times at once
    String key = Shop.newKey();
    List<Answer> answers =
        Shop.atOnce(DUPLICATES, () -> shop().post("/orders", Shop.order("eve", "cocoa", 3), key));
    // Then whoever did not wait in vain has the same order
    assertThat(answers).extracting(Answer::status).containsOnly(201);
    assertThat(answers.stream().distinct()).hasSize(1);
    // And there is one, with one event, at the catalogue's price
    String id = answers.get(0).text("/id");
    assertThat(count("select count(*) from orders where user_id = 'eve'")).isEqualTo(1);
    assertThat(eventTypes(id)).containsExactly("OrderPlaced");
    assertThat(answers.get(0).json().at("/total/amount").asLong()).isEqualTo(3 * 520);
    assertThat(answers.get(0).text("/total/currency")).isEqualTo("EUR");
    assertThat(answers.get(0).text("/status")).isEqualTo("PLACED");
  }

  @Test
  void anOrderWhoseAnswerWasLostIsNotPlacedTwice() {
    String key = Shop.newKey();

    Answer answer =
        againAfterALostAnswer(shop -> shop.post("/orders", Shop.order("mallory", "milk", 1), key));

    assertThat(answer.status()).isEqualTo(201);
    assertThat(count("select count(*) from orders where user_id = 'mallory'")).isEqualTo(1);
    assertThat(eventTypes(answer.text("/id"))).containsExactly("OrderPlaced");
  }

  @ParameterizedTest
  @CsvSource({
    "dispatch, OrderDispatched, DISPATCHED",
    "receipt,  OrderReceived,   RECEIVED",
    "cancel,   OrderCancelled,  CANCELLED",
  })
  void aStepTakenManyTimesAtOnceIsTakenOnce(String step, String event, String status)
      throws Exception {
    // Given an order that may take it
    String id = orderReadyFor(step);
    // When
    List<Answer> answers = Shop.atOnce(DUPLICATES, () -> shop().step(id, step));
    // Then each is told the same
    assertThat(answers).extracting(Answer::status).containsOnly(200);
    assertThat(answers.stream().distinct()).hasSize(1);
    assertThat(answers.get(0).text("/status")).isEqualTo(status);
    // And so is one that comes late
    assertThat(shop().step(id, step)).isEqualTo(answers.get(0));
    // And it was told to others once
    assertThat(eventTypes(id)).containsOnlyOnce(event);
    assertThat(shop().timeline(id)).containsOnlyOnce(event);
  }

  @ParameterizedTest
  @CsvSource({
    "dispatch, OrderDispatched",
    "receipt,  OrderReceived",
    "cancel,   OrderCancelled",
  })
  void aStepWhoseAnswerWasLostIsNotTakenTwice(String step, String event) {
    String id = orderReadyFor(step);

    Answer answer = againAfterALostAnswer(shop -> shop.step(id, step));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(eventTypes(id)).containsOnlyOnce(event);
  }

  @ParameterizedTest
  @CsvSource({
    "PLACED,         dispatch, 409",
    "PLACED,         receipt,  409",
    "PAYMENT_FAILED, dispatch, 409",
    "PAYMENT_FAILED, receipt,  409",
    "PAYMENT_FAILED, cancel,   200",
    "PAID,           receipt,  409",
    "PAID,           cancel,   200",
    "DISPATCHED,     dispatch, 200",
    "DISPATCHED,     cancel,   409",
    "RECEIVED,       dispatch, 200",
    "RECEIVED,       receipt,  200",
    "RECEIVED,       cancel,   409",
    "CANCELLED,      dispatch, 409",
    "CANCELLED,      receipt,  409",
    "CANCELLED,      cancel,   200",
  })
  void aStepIsTakenOnlyFromTheStatusItMayStartFrom(String status, String step, int expected) {
    // Given
    String id = orderThatIs(status);
    List<String> before = eventTypes(id);
    // When
    Answer answer = shop().step(id, step);
    // Then
    assertThat(answer.status()).isEqualTo(expected);
    if (expected == 409) {
      answer.problem(409);
      assertThat(answer.text("/type")).isEqualTo("urn:order-service:problem:order-status-conflict");
      assertThat(answer.text("/orderStatus")).isEqualTo(status);
      assertThat(answer.text("/detail")).startsWith("An order that is " + status + " cannot be ");
      assertThat(eventTypes(id)).isEqualTo(before);
      assertThat(shop().status(id)).isEqualTo(status);
    }
  }

  @Test
  void ofDispatchAndCancelAtTheSameTimeOneWins() throws Exception {
    for (int round = 0; round < 20; round++) {
      // Given
      String id = shop().placeAndPay();
      // When
      ConcurrentLinkedQueue<String> steps =
          new ConcurrentLinkedQueue<>(List.of("dispatch", "cancel", "dispatch", "cancel"));
      Callable<Answer> next = () -> shop().step(id, steps.remove());
      List<Answer> answers = Shop.atOnce(4, next);
      // Then two were told that it is done, and two that it cannot be
      assertThat(answers).extracting(Answer::status).containsExactlyInAnyOrder(200, 200, 409, 409);
      List<String> told = new ArrayList<>(eventTypes(id));
      told.removeAll(List.of("OrderPlaced", "PaymentSettled"));
      assertThat(told)
          .containsExactly(
              shop().status(id).equals("CANCELLED") ? "OrderCancelled" : "OrderDispatched");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"dispatch", "receipt", "cancel"})
  void aStepOfAnUnknownOrderIsNotFound(String step) {
    UUID id = UUID.randomUUID();

    Answer answer = shop().step(id.toString(), step).problem(404);

    assertThat(answer.text("/detail")).isEqualTo("There is no order " + id);
  }

  @Test
  void eachEventCommitsWithItsChange() {
    // Given an order that has taken every step, each in a transaction of its own
    String id = orderThatIs("RECEIVED");
    // Then the last change of the order has the transaction of its event and no other
    assertThat(
            database()
                .sql(
                    """
                    select type from outbox_event e, orders o
                    where e.aggregateid = ?::text and o.id = ?::uuid and e.xmin = o.xmin
                    """)
                .params(id, id)
                .query(String.class)
                .list())
        .containsExactly("OrderReceived");
  }

  private String orderReadyFor(String step) {
    return orderThatIs(step.equals("receipt") ? "DISPATCHED" : "PAID");
  }

  private String orderThatIs(String status) {
    String id = shop().place();
    switch (status) {
      case "PLACED" -> {}
      case "PAYMENT_FAILED" -> shop().report(id, Shop.callback("p-" + id, "FAILED", 900)).ok(200);
      case "CANCELLED" -> shop().step(id, "cancel").ok(200);
      default -> {
        shop().report(id, Shop.callback("p-" + id, "SETTLED", 900)).ok(200);
        if (!status.equals("PAID")) {
          shop().step(id, "dispatch").ok(200);
        }
        if (status.equals("RECEIVED")) {
          shop().step(id, "receipt").ok(200);
        }
      }
    }
    assertThat(shop().status(id)).isEqualTo(status);
    return id;
  }
}
