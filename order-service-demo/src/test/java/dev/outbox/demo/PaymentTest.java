package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.Shop.Answer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

/** Paying at a provider that is slow, fails, or answers when nobody waits any more. */
@TestPropertySource(
    properties = {
      "demo.provider.timeout=6s",
      "demo.provider.slow-for=3s",
      "demo.provider.late-by=1s"
    })
class PaymentTest extends ShopTestBase {

  @Test
  void aPaymentAskedForAgainIsChargedOnceAndAnsweredTheSame() {
    // Given
    String id = shop().place();
    String key = Shop.newKey();
    // When
    Answer first = shop().pay(id, "PROMPT", key).ok(202);
    // Then
    assertThat(shop().pay(id, "PROMPT", key)).isEqualTo(first);
    assertThat(first.text("/status")).isEqualTo("REQUESTED");
    assertThat(first.json().at("/amount/amount").asLong()).isEqualTo(900);
    assertChargedOnce(id, first, 1);
    // And the provider's callbacks make the order paid, in whatever order they come
    awaitStatus(id, "PAID");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(shop().timeline(id))
                    .containsExactlyInAnyOrder(
                        "OrderPlaced", "PaymentRequested", "PaymentAuthorized", "PaymentSettled"));
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentSettled");
  }

  @Test
  void aPaymentNeedsNoBody() {
    String id = shop().place();

    Answer answer = shop().post("/orders/" + id + "/payments", "", Shop.newKey()).ok(202);

    assertChargedOnce(id, answer, 1);
  }

  @Test
  void duplicatesWhileASlowProviderIsAtWorkDoNotReachIt() throws Exception {
    // Given
    String id = shop().place();
    String key = Shop.newKey();
    // When
    List<Answer> answers = Shop.atOnce(8, () -> shop().pay(id, "SLOW", key));
    // Then one has it, and the others are told to come again
    assertThat(answers).extracting(Answer::status).containsOnly(202, 409).containsOnlyOnce(202);
    answers.stream()
        .filter(answer -> answer.status() == 409)
        .forEach(
            answer ->
                assertThat(answer.problem(409).text("/type"))
                    .endsWith("idempotency-key-in-progress"));
    // And do they, they get the same
    Answer again = shop().pay(id, "SLOW", key);
    assertThat(answers).contains(again);
    assertChargedOnce(id, again, 1);
  }

  @Test
  void aPaymentWhoseAnswerWasLostIsNotChargedTwice() {
    String id = shop().place();
    String key = Shop.newKey();

    Answer answer =
        againAfterALostAnswer(
            shop -> {
              // The proxy may be faster than the service's last words.
              Answer last = shop.pay(id, "PROMPT", key);
              while (last.status() == 409) {
                last = shop.pay(id, "PROMPT", key);
              }
              return last;
            });

    assertChargedOnce(id, answer.ok(202), 1);
  }

  @Test
  void twoRequestsToPayUnderTwoKeysAreChargedOnce() throws Exception {
    // When somebody clicks in two windows
    String id = shop().place();
    List<Answer> answers = Shop.atOnce(6, () -> shop().pay(id, "SLOW", Shop.newKey()));
    // Then
    assertThat(answers).extracting(Answer::status).containsOnly(202, 409).containsOnlyOnce(202);
    assertThat(answers)
        .filteredOn(answer -> answer.status() == 409)
        .allSatisfy(
            answer ->
                assertThat(answer.problem(409).text("/type"))
                    .isEqualTo("urn:order-service:problem:payment-conflict"));
    Answer paid =
        answers.stream().filter(answer -> answer.status() == 202).findFirst().orElseThrow();
    assertChargedOnce(id, paid, 1);
  }

  @Test
  void aProviderThatFailsIsAskedAgainUnderTheSameKey() {
    // Given
    String id = shop().place();
    String key = Shop.newKey();
    // When it fails
    Answer failed = shop().pay(id, "FAILING", key).problem(502);
    assertThat(failed.text("/type"))
        .isEqualTo("urn:order-service:problem:payment-provider-unavailable");
    // Then the same request works later
    assertChargedOnce(id, shop().pay(id, "FAILING", key).ok(202), 2);
    awaitStatus(id, "PAID");
  }

  @Test
  void aProviderThatAnswersTooLateHasChargedOnce() {
    // Given
    String id = shop().place();
    String key = Shop.newKey();
    // When the order service gives up waiting, and the provider has charged all the same
    shop().pay(id, "LATE", key).problem(504);
    assertThat(count("select sum(charges) from provider_charge where order_id = ?::uuid", id))
        .isEqualTo(1);
    // Then the repeat finds that charge
    Answer answer = shop().pay(id, "LATE", key).ok(202);
    assertChargedOnce(id, answer, 2);
    // And its callbacks count, though they may have overtaken the answer
    awaitStatus(id, "PAID");
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentSettled");
    assertThat(shop().timeline(id)).containsOnlyOnce("PaymentRequested");
  }

  @Test
  void aDeclinedPaymentIsToldByACallback() {
    String id = shop().place();

    shop().pay(id, "DECLINING", Shop.newKey()).ok(202);

    awaitStatus(id, "PAYMENT_FAILED");
    assertThat(eventTypes(id)).containsExactly("OrderPlaced", "PaymentFailed");
    shop().pay(id, "PROMPT", Shop.newKey()).problem(409);
  }

  @Test
  void aCancelledOrderIsNotCharged() {
    String id = shop().place();
    shop().step(id, "cancel").ok(200);

    Answer refused = shop().pay(id, "PROMPT", Shop.newKey()).problem(409);

    assertThat(refused.text("/detail")).isEqualTo("An order that is CANCELLED cannot be paid");
    assertThat(count("select count(*) from provider_charge where order_id = ?::uuid", id)).isZero();
  }

  @Test
  void whatCannotBePaidIsRefused() {
    String unknown = UUID.randomUUID().toString();
    shop().pay(unknown, "PROMPT", Shop.newKey()).problem(404);

    String id = shop().place();
    assertThat(shop().pay(id, "LAZY", Shop.newKey()).problem(400).text("/detail"))
        .startsWith("provider ");
    assertThat(shop().post("/orders/" + id + "/payments", "").problem(400).text("/type"))
        .endsWith("idempotency-key-missing");
  }

  private void assertChargedOnce(String id, Answer answer, int requests) {
    assertThat(
            database()
                .sql(
                    """
                    select payment_id, charges, requests, amount
                    from provider_charge where order_id = ?::uuid
                    """)
                .param(id)
                .query(
                    (row, number) ->
                        List.of(row.getString(1), row.getInt(2), row.getInt(3), row.getLong(4)))
                .list())
        .containsExactly(List.of(answer.text("/paymentId"), 1, requests, 900L));
  }

  private void awaitStatus(String id, String status) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(shop().status(id)).isEqualTo(status));
  }
}
