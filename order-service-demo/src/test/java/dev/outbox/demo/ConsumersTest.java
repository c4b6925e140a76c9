package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.Shop.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.Test;

/** Each consumer, on events that come again. */
class ConsumersTest extends ShopTestBase {

  private static final List<String> OF_ORDERS = List.of("stock", "notifications");

  @Test
  void eachConsumerAppliesARepeatedEventOnce() throws Exception {
    // Given an order at its end
    String id = receivedOrder();
    List<Event> events = events(id);
    // When each event is published three times
    List<RecordMetadata> published = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      published.addAll(publish(events));
    }
    OF_ORDERS.forEach(consumer -> awaitConsumed(consumer, published));
    // Then each consumer has applied each once
    List<String> once = new ArrayList<>();
    for (Event event : events) {
      OF_ORDERS.forEach(consumer -> once.add(consumer + " " + event.id()));
    }
    assertThat(effects(id)).containsExactlyInAnyOrderElementsOf(once);
    assertThat(ledger(id)).containsExactly("SOLD -2");
    // And the customer is told each thing once
    awaitSent(id, "order-dispatched", "order-placed", "order-received", "payment-settled");
  }

  @Test
  void whatIsToldAgainByOtherEventsIsBookedAndSentOnce() throws Exception {
    // Given an order whose events are applied
    String id = receivedOrder();
    List<RecordMetadata> first = publish(events(id));
    OF_ORDERS.forEach(consumer -> awaitConsumed(consumer, first));
    // When somebody tells it anew, under ids that no inbox can know
    List<RecordMetadata> again = publish(events(id).stream().map(Event::underAnotherId).toList());
    OF_ORDERS.forEach(consumer -> awaitConsumed(consumer, again));
    // Then
    assertThat(ledger(id)).containsExactly("SOLD -2");
    awaitSent(id, "order-dispatched", "order-placed", "order-received", "payment-settled");
  }

  @Test
  void aCancelledOrderComesBackToTheStockOnce() throws Exception {
    // Given
    String id =
        shop().post("/orders", Shop.order("ada", "cocoa", 3), Shop.newKey()).ok(201).text("/id");
    shop().step(id, "cancel").ok(200);
    // When it is told twice, and the cancellation once more by another event
    List<Event> events = events(id);
    List<Event> all = new ArrayList<>(events);
    all.addAll(events);
    all.add(events.get(1).underAnotherId());
    awaitConsumed("stock", publish(all));
    // Then
    assertThat(ledger(id)).containsExactly("RETURNED 3", "SOLD -3");
    assertThat(shop().get("/stock/cocoa").json().get("change").asLong()).isZero();
    awaitSent(id, "order-cancelled", "order-placed");
  }

  @Test
  void aNotificationIsOneJobForUserKindAndOrder() throws Exception {
    String id = shop().place();

    awaitConsumed("notifications", publish(events(id)));

    assertThat(
            database()
                .sql("select recipient || ' ' || type from durable_job where business_id = ?")
                .param(id)
                .query(String.class)
                .list())
        .containsExactly("ada order-placed");
  }

  @Test
  void anEventThatNamesNobodyIsBookedAndToldToNobody() throws Exception {
    // Given an event written by hand
    String id = UUID.randomUUID().toString();
    String payload =
        "{\"orderId\":\"%s\",\"lines\":[{\"lineItemId\":\"%s\",\"productId\":\"milk\",\"quantity\":5}]}"
            .formatted(id, id);
    Event byHand =
        new Event(UUID.randomUUID(), "Order", id, "OrderPlaced", payload.getBytes(UTF_8));
    // When
    List<RecordMetadata> published = publish(List.of(byHand));
    OF_ORDERS.forEach(consumer -> awaitConsumed(consumer, published));
    // Then
    assertThat(ledger(id)).containsExactly("SOLD -5");
    assertThat(effects(id)).hasSize(2);
    assertThat(count("select count(*) from durable_job where business_id = ?", id)).isZero();
  }

  @Test
  void spendIsRightHoweverOftenClicksAndEventsAreRepeated() throws Exception {
    Random random = new Random(20261121);
    String campaign = "spring " + Shop.newKey().substring(0, 8);
    // Given clicks, each sent by a double click and once more later
    long spent = 0;
    int clicks = 20;
    for (int i = 0; i < clicks; i++) {
      long spend = random.nextInt(500);
      spent += spend;
      String key = Shop.newKey();
      String click =
          "{\"campaign\":\"%s\",\"spend\":%d,\"at\":\"2026-11-21T10:00:00Z\"}"
              .formatted(campaign, spend);
      List<Answer> answers = Shop.atOnce(2, () -> shop().post("/ad-clicks", click, key));
      assertThat(answers).extracting(Answer::status).containsOnly(202);
      assertThat(answers).containsOnly(shop().post("/ad-clicks", click, key));
    }
    assertThat(events(campaign)).hasSize(clicks);
    // When each event is published several times, in any order
    List<Event> repeated = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      repeated.addAll(events(campaign));
    }
    Collections.shuffle(repeated, random);
    awaitConsumed("ad-spend", publish(repeated));
    // Then
    Answer total = shop().get("/ad-spend/" + campaign.replace(" ", "%20")).ok(200);
    assertThat(total.json().at("/spend/amount").asLong()).isEqualTo(spent);
    assertThat(total.text("/spend/currency")).isEqualTo("EUR");
    assertThat(total.json().at("/clicks").asInt()).isEqualTo(clicks);
    assertThat(effects(campaign)).hasSize(clicks).doesNotHaveDuplicates();
  }

  @Test
  void aCampaignNobodyHasClickedOnHasCostNothing() {
    assertThat(shop().get("/ad-spend/nothing").ok(200).json().at("/spend/amount").asLong())
        .isZero();
  }

  private String receivedOrder() {
    String id = shop().placeAndPay();
    shop().step(id, "dispatch").ok(200);
    shop().step(id, "receipt").ok(200);
    return id;
  }

  private List<String> effects(String aggregateId) {
    return database()
        .sql("select consumer || ' ' || event_id from effect where aggregate_id = ?")
        .param(aggregateId)
        .query(String.class)
        .list();
  }

  private List<String> ledger(String orderId) {
    return database()
        .sql(
            """
            select kind || ' ' || change from stock_ledger
            where order_id = ?::uuid order by kind
            """)
        .param(orderId)
        .query(String.class)
        .list();
  }

  /** When no job is left, nothing more will be sent. */
  private void awaitSent(String orderId, String... kinds) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                count(
                        "select count(*) from durable_job where business_id = ? and state <> 'done'",
                        orderId)
                    == 0);
    assertThat(
            database()
                .sql("select kind from notification_sent where order_id = ?::uuid order by kind")
                .param(orderId)
                .query(String.class)
                .list())
        .containsExactly(kinds);
  }
}
