package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.Shop.Answer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** One order through all stages. */
class OrderWalkTest extends ShopTestBase {

  @Test
  void anOrderTravelsThroughAllStagesAndItsTimelineTellsSo() throws Exception {
    // When it is placed, paid at the provider, dispatched and received
    Answer placed = shop().post("/orders", Shop.order("grace", "tea", 2), Shop.newKey()).ok(201);
    String id = placed.text("/id");
    String paymentId = shop().pay(id, "PROMPT", Shop.newKey()).ok(202).text("/paymentId");
    // Both of the provider's callbacks: with the second one alone the timeline could still grow.
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(shop().timeline(id)).contains("PaymentAuthorized", "PaymentSettled"));
    shop().step(id, "dispatch").ok(200);
    Answer received = shop().step(id, "receipt").ok(200);
    // Then its timeline tells all of it, in the order in which it was
    assertThat(shop().get("/orders/" + id).body()).isEqualTo(received.body());
    assertThat(received.text("/status")).isEqualTo("RECEIVED");
    List<String> what = new ArrayList<>();
    List<Instant> at = new ArrayList<>();
    for (JsonNode entry : received.json().get("timeline")) {
      what.add(entry.get("what").asString());
      at.add(Instant.parse(entry.get("at").asString()));
      if (entry.get("what").asString().startsWith("Payment")) {
        assertThat(entry.get("detail").asString()).contains(paymentId);
      }
    }
    assertThat(what)
        .containsExactlyInAnyOrder(
            "OrderPlaced",
            "PaymentRequested",
            "PaymentAuthorized",
            "PaymentSettled",
            "OrderDispatched",
            "OrderReceived")
        .startsWith("OrderPlaced")
        .endsWith("OrderDispatched", "OrderReceived");
    assertThat(at.get(0)).isBetween(Instant.parse(placed.text("/placedAt")), at.get(5));
    // And what it began with is in its first answer
    assertThat(placed.json().get("timeline")).hasSize(1);
    // And others were told, in this order
    assertThat(eventTypes(id))
        .containsExactly("OrderPlaced", "PaymentSettled", "OrderDispatched", "OrderReceived");
    // And when the events arrive, stock and customer know
    awaitConsumed("stock", publish(events(id)));
    assertThat(shop().get("/stock/tea").json().get("change").asLong()).isEqualTo(-2);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        database()
                            .sql("select kind from notification_sent where user_id = 'grace'")
                            .query(String.class)
                            .list())
                    .containsExactlyInAnyOrder(
                        "order-placed", "payment-settled", "order-dispatched", "order-received"));
  }
}
