package dev.outbox.relay.routing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.routing.RoutedRecord.Header;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventRouterTest {

  private final EventRouter router =
      new EventRouter("outbox.event.{aggregatetype}", "orders", "outbox.position.orders");

  @Test
  void anEventBecomesTheRecordOfTheContract() {
    RoutedRecord record = routed(event("Order", "ä-1", "{\"traceparent\":\"00-ab\"}"));
    assertThat(record.topic()).isEqualTo("outbox.event.Order");
    assertThat(record.key()).isEqualTo("ä-1".getBytes(UTF_8));
    assertThat(record.value()).isEqualTo("payload".getBytes(UTF_8));
    assertThat(headers(record))
        .containsExactlyEntriesOf(
            ordered(
                "id", "0197a000-0000-7000-8000-000000000001",
                "ce_specversion", "1.0",
                "ce_id", "0197a000-0000-7000-8000-000000000001",
                "ce_source", "orders",
                "ce_type", "OrderPlaced",
                "ce_subject", "ä-1",
                "ce_time", "2026-01-02T03:04:05.000006Z",
                "content-type", "application/json",
                "traceparent", "00-ab",
                "outbox-position", "00000002-0000000000000010-00000003"));
  }

  @Test
  void theRowChoosesItsContentType() {
    RoutedRecord record = routed(event("Order", "1", "{\"content-type\":\"application/avro\"}"));
    assertThat(headers(record)).containsEntry("content-type", "application/avro");
    assertThat(record.headers())
        .filteredOn(header -> header.name().equals("content-type"))
        .hasSize(1);
  }

  @Test
  void theRowCannotReplaceWhatConsumersDeduplicateBy() {
    RoutedRecord record =
        routed(
            event(
                "Order",
                "1",
                "{\"id\":\"x\",\"ce_id\":\"x\",\"outbox-position\":\"x\",\"own\":\"y\"}"));
    assertThat(headers(record))
        .containsEntry("id", "0197a000-0000-7000-8000-000000000001")
        .containsEntry("ce_id", "0197a000-0000-7000-8000-000000000001")
        .containsEntry("outbox-position", "00000002-0000000000000010-00000003")
        .containsEntry("own", "y");
    assertThat(record.headers()).hasSize(10);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "\"text\"",
        "{",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"a\":{}}",
        "{\"a\":\"b\"} trailing",
        "{\"a\":\"b\",\"a\":\"c\"}",
        "{a:\"b\"}",
        "{\"authorization\": secret}",
        "{\"\\ud800secret\":\"b\"}",
        "{\"a\":\"\\udc00secret\"}"
      })
  void headersThatAreNoObjectOfStringsAreUnroutableWithoutShowingThem(String headers) {
    Routing routing = router.route(event("Order", "1", headers));
    assertThat(routing).isInstanceOf(Unroutable.class);
    assertThat(((Unroutable) routing).reason())
        .startsWith("the row's headers cannot be read")
        .doesNotContain("secret");
  }

  @Test
  void aNameThatNoParserTakesIsUnroutable() {
    assertThat(router.route(event("Order", "1", "{\"" + "n".repeat(60_000) + "\":\"\"}")))
        .isInstanceOf(Unroutable.class);
  }

  @Test
  void noEventReachesTheTopicOfTheRelaysPosition() {
    EventRouter wide =
        new EventRouter("outbox.{aggregatetype}", "orders", "outbox.position.orders");
    OutboxEvent event = event("position.orders", "1", null);
    SourcePosition command = new SourcePosition(2, 17, 0);
    assertThat(wide.route(event)).isInstanceOf(Unroutable.class);
    assertThat(wide.routeReplayed(event, "elsewhere", command)).isInstanceOf(Unroutable.class);
    assertThat(wide.routeReplayed(event("Order", "1", null), "outbox.position.orders", command))
        .isInstanceOf(Unroutable.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "Bestellung ä", "a/b", "a b", "a\nb"})
  void anAggregateTypeThatIsNoTopicNameIsUnroutable(String aggregateType) {
    assertThat(router.route(event(aggregateType, "1", null))).isInstanceOf(Unroutable.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", ".."})
  void aTopicMustNotBeEmptyOrADirectory(String aggregateType) {
    assertThat(
            new EventRouter("{aggregatetype}", "orders", "outbox.position.orders")
                .route(event(aggregateType, "1", null)))
        .isInstanceOf(Unroutable.class);
  }

  private RoutedRecord routed(OutboxEvent event) {
    return ((Routed) router.route(event)).record();
  }

  private static Map<String, String> headers(RoutedRecord record) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      headers.put(header.name(), new String(header.value(), UTF_8));
    }
    return headers;
  }

  private static Map<String, String> ordered(String... pairs) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return map;
  }

  private static OutboxEvent event(
      String aggregateType, String aggregateId, @Nullable String headers) {
    return new OutboxEvent(
        "0197a000-0000-7000-8000-000000000001",
        aggregateType,
        aggregateId,
        "OrderPlaced",
        "payload".getBytes(UTF_8),
        headers,
        Instant.parse("2026-01-02T03:04:05.000006Z"),
        new SourcePosition(2, 16, 3));
  }
}
