package dev.outbox.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.demo.Shop.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Callbacks of the provider: repeated, at once, out of order, wrong. */
class PaymentCallbacksTest extends ShopTestBase {

  /** All that is left of a run of callbacks. */
  private record EndState(String order, String payment, Set<String> timeline, long settledEvents) {}

  @Test
  void aCallbackRepeatedAHundredTimesHasOneEffectAndOneAnswer() throws Exception {
    // Given
    String id = shop().place();
    String callback = Shop.callback("p1", "SETTLED", 900);
    // When
    Answer first = shop().report(id, callback).ok(200);
    Set<Answer> answers = new HashSet<>();
    for (int burst = 0; burst < 10; burst++) {
      answers.addAll(Shop.atOnce(10, () -> shop().report(id, callback)));
    }
    // Then
    assertThat(answers).containsExactly(first);
    assertThat(shop().status(id)).isEqualTo("PAID");
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentSettled");
    assertThat(shop().timeline(id)).containsExactly("OrderPlaced", "PaymentSettled");
    // And one that comes when the order is further gets the same answer too
    shop().step(id, "dispatch").ok(200);
    assertThat(shop().report(id, callback)).isEqualTo(first);
    assertThat(shop().status(id)).isEqualTo("DISPATCHED");
  }

  @Test
  void aCallbackWhoseAnswerWasLostTakesEffectOnce() {
    String id = shop().place();

    Answer answer =
        againAfterALostAnswer(shop -> shop.report(id, Shop.callback("p1", "SETTLED", 900)));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentSettled");
  }

  @Test
  void callbacksInAnyOrderWithAnyRepeatsEndInTheSameState() throws Exception {
    Random random = new Random(20261121);
    Map<List<String>, EndState> expected =
        Map.of(
            List.of("AUTHORIZED", "SETTLED"),
            new EndState(
                "PAID", "SETTLED", Set.of("OrderPlaced", "PaymentAuthorized", "PaymentSettled"), 1),
            List.of("AUTHORIZED", "FAILED"),
            new EndState(
                "PAYMENT_FAILED",
                "FAILED",
                Set.of("OrderPlaced", "PaymentAuthorized", "PaymentFailed"),
                0),
            List.of("AUTHORIZED", "FAILED", "SETTLED"),
            new EndState(
                "PAID",
                "SETTLED",
                Set.of("OrderPlaced", "PaymentAuthorized", "PaymentFailed", "PaymentSettled"),
                1),
            List.of("SETTLED", "cancel"),
            new EndState(
                "CANCELLED",
                "SETTLED",
                Set.of("OrderPlaced", "PaymentSettled", "OrderCancelled", "RefundDue"),
                1));
    for (Map.Entry<List<String>, EndState> outcome : expected.entrySet()) {
      for (int run = 0; run < 25; run++) {
        // Given each callback at least once, in some order, with repeats
        List<String> sent = new ArrayList<>(outcome.getKey());
        for (int repeats = random.nextInt(6); repeats > 0; repeats--) {
          sent.add(outcome.getKey().get(random.nextInt(outcome.getKey().size())));
        }
        Collections.shuffle(sent, random);
        // When they come one after the other, or several at a time
        String id = shop().place();
        int width = 1 + random.nextInt(4);
        for (int from = 0; from < sent.size(); from += width) {
          List<String> some = sent.subList(from, Math.min(sent.size(), from + width));
          ConcurrentLinkedQueue<String> next = new ConcurrentLinkedQueue<>(some);
          assertThat(Shop.atOnce(some.size(), () -> tell(id, next.remove())))
              .extracting(Answer::status)
              .containsOnly(200);
        }
        // Then
        assertThat(endState(id)).as("%s, %d at a time", sent, width).isEqualTo(outcome.getValue());
      }
    }
  }

  private Answer tell(String id, String what) {
    return what.equals("cancel")
        ? shop().step(id, what)
        : shop().report(id, Shop.callback("p-" + id, what, 900));
  }

  private EndState endState(String id) {
    List<String> timeline = shop().timeline(id);
    assertThat(timeline).doesNotHaveDuplicates();
    assertThat(eventTypes(id)).doesNotHaveDuplicates();
    return new EndState(
        shop().status(id),
        database()
            .sql("select status from payment where order_id = ?::uuid")
            .param(id)
            .query(String.class)
            .single(),
        Set.copyOf(timeline),
        eventTypes(id).stream().filter("PaymentSettled"::equals).count());
  }

  @Test
  void anAmountThatDoesNotMatchIsRefusedAndNoted() {
    // Given
    String id = shop().place();
    // When it comes, and comes again
    Answer refused = shop().report(id, Shop.callback("p1", "SETTLED", 899)).problem(422);
    assertThat(shop().report(id, Shop.callback("p1", "SETTLED", 899))).isEqualTo(refused);
    // Then nothing has happened, and it is noted once
    assertThat(refused.text("/type"))
        .isEqualTo("urn:order-service:problem:payment-amount-mismatch");
    assertThat(shop().status(id)).isEqualTo("PLACED");
    assertThat(eventTypes(id)).containsExactly("OrderPlaced");
    assertThat(shop().timeline(id)).containsExactly("OrderPlaced", "CallbackRefused");
    // And the right one is still taken
    shop().report(id, Shop.callback("p1", "SETTLED", 900)).ok(200);
    assertThat(shop().status(id)).isEqualTo("PAID");
  }

  @Test
  void aSecondPaymentOfAnOrderIsRefusedAndNoted() {
    // Given an order with a payment under way
    String id = shop().place();
    shop().report(id, Shop.callback("p1", "AUTHORIZED", 900)).ok(200);
    // When another one says that it is there
    Answer refused = shop().report(id, Shop.callback("p2", "SETTLED", 900)).problem(409);
    // Then it is noted and changes nothing, before the first one is settled and after
    assertThat(refused.text("/type")).isEqualTo("urn:order-service:problem:payment-conflict");
    assertThat(refused.text("/detail")).isEqualTo("Its payment is p1");
    assertThat(shop().status(id)).isEqualTo("PLACED");
    shop().report(id, Shop.callback("p1", "SETTLED", 900)).ok(200);
    assertThat(shop().report(id, Shop.callback("p2", "SETTLED", 900))).isEqualTo(refused);
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentSettled");
    assertThat(shop().timeline(id))
        .containsExactly("OrderPlaced", "PaymentAuthorized", "CallbackRefused", "PaymentSettled");
  }

  @Test
  void aCallbackForAnUnknownOrderIsNotFound() {
    String id = UUID.randomUUID().toString();

    shop().report(id, Shop.callback("p1", "SETTLED", 900)).problem(404);

    assertThat(count("select count(*) from payment where order_id = ?::uuid", id)).isZero();
  }

  @Test
  void aCallbackThatSaysSomethingElseIsRefused() {
    String id = shop().place();

    Answer refused = shop().report(id, Shop.callback("p1", "LOST", 900)).problem(400);

    assertThat(refused.text("/detail")).startsWith("status ");
  }
}
