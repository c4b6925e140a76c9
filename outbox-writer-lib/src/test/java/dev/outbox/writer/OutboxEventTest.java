package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutboxEventTest {

  private static final OutboxEvent PLACED = OutboxEvent.of("Order", "42", "OrderPlaced", "{}");

  @Test
  void anEventHasAnIdOfVersionSevenThatGrowsWithEachEvent() {
    List<UUID> ids =
        Stream.generate(() -> OutboxEvent.of("Order", "42", "OrderPlaced", "{}").id())
            .limit(10_000)
            .toList();

    assertThat(ids).allMatch(id -> id.version() == 7).doesNotHaveDuplicates();
    // As text, because UUID.compareTo compares signed and PostgreSQL does not.
    assertThat(ids.stream().map(UUID::toString)).isSorted();
  }

  @Test
  void aBusinessKeyGivesTheSameIdForEver() {
    // Computed with another implementation: Python's uuid.uuid5 over the documented name.
    assertThat(PLACED.withBusinessKey("payment-123-captured").id())
        .hasToString("d4b7a2b6-45ee-53c6-8c59-c52b88738a12");
    assertThat(OutboxEvent.tombstone("Zahlung", "ü", "Erfaßt").withBusinessKey("schlüssel-🔑").id())
        .hasToString("8c5764f3-fc01-5217-a860-4b0fb3f35453");
  }

  @Test
  void aBusinessKeyIsScopedByAggregateTypeAndTypeButNotByAggregateAndPayload() {
    UUID id = PLACED.withBusinessKey("k").id();

    assertThat(OutboxEvent.of("Order", "7", "OrderPlaced", "[]").withBusinessKey("k").id())
        .isEqualTo(id);
    assertThat(OutboxEvent.of("Basket", "42", "OrderPlaced", "{}").withBusinessKey("k").id())
        .isNotEqualTo(id);
    assertThat(OutboxEvent.of("Order", "42", "OrderPaid", "{}").withBusinessKey("k").id())
        .isNotEqualTo(id);
  }

  @Test
  void partsOfADerivedIdCannotRunIntoEachOther() {
    assertThat(OutboxEvent.of("ab", "1", "c", "{}").withBusinessKey("d").id())
        .isNotEqualTo(OutboxEvent.of("a", "1", "bc", "{}").withBusinessKey("d").id())
        .isNotEqualTo(OutboxEvent.of("ab", "1", "cd", "{}").withBusinessKey("d").id());
    assertThat(OutboxEvent.of("a", "1", "b", "{}").withBusinessKey("cd").id())
        .isNotEqualTo(OutboxEvent.of("a", "1", "bc", "{}").withBusinessKey("d").id());
  }

  @Test
  void theCallersOwnIdIsTaken() {
    UUID own = UUID.fromString("5e0c3d0a-4a3b-4d2e-9a55-0d9d1d2b3c4d");

    assertThat(PLACED.withId(own).id()).isEqualTo(own);
  }

  @Test
  void copiesKeepTheIdBecauseTheyAreTheSameEvent() {
    assertThat(PLACED.withHeader("a", "1").withContentType("text/plain").id())
        .isEqualTo(PLACED.id());
  }

  @Test
  void aChangedArrayDoesNotChangeTheEvent() {
    byte[] bytes = {1, 2, 3};
    OutboxEvent event = OutboxEvent.of("Order", "42", "OrderPlaced", bytes, "application/protobuf");

    bytes[0] = 9;
    event.payload().orElseThrow()[1] = 9;

    assertThat(event.payload()).hasValueSatisfying(p -> assertThat(p).containsExactly(1, 2, 3));
    assertThat(event.headers()).containsExactly(Map.entry("content-type", "application/protobuf"));
  }

  @Test
  void jsonIsEncodedInUtf8AndNeedsNoContentType() {
    OutboxEvent event = OutboxEvent.of("Order", "42", "OrderPlaced", "{\"name\":\"Ünal 🛒\"}");

    assertThat(event.payload())
        .hasValueSatisfying(
            p ->
                assertThat(new String(p, StandardCharsets.UTF_8))
                    .isEqualTo("{\"name\":\"Ünal 🛒\"}"));
    assertThat(event.headers()).isEmpty();
  }

  @Test
  void aTombstoneHasNoPayload() {
    assertThat(OutboxEvent.tombstone("Order", "42", "OrderErased").payload()).isEmpty();
  }

  @Test
  void headersKeepTheirOrderAndTheLastValueOfAName() {
    OutboxEvent event = PLACED.withHeader("b", "1").withHeader("a", "2").withHeader("b", "3");

    assertThat(event.headers()).containsExactly(Map.entry("b", "3"), Map.entry("a", "2"));
    assertThat(PLACED.headers()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t\n"})
  void blankNamesAreRefused(String blank) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of(blank, "42", "OrderPlaced", "{}"))
        .withMessage("aggregateType must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", blank, "OrderPlaced", "{}"))
        .withMessage("aggregateId must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "42", blank, "{}"))
        .withMessage("type must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withBusinessKey(blank))
        .withMessage("businessKey must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withContentType(blank))
        .withMessage("contentType must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeader(blank, "value"))
        .withMessage("header name must not be blank");
  }

  @Test
  @SuppressWarnings("NullAway") // what callers without a null checker do
  void nullsAreRefusedByName() {
    Map<String, String> headers = new HashMap<>();
    headers.put("tenant", null);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeaders(headers))
        .withMessage("value of header 'tenant' must not be null");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", null, "OrderPlaced", "{}"))
        .withMessage("aggregateId must not be null");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", (String) null))
        .withMessage("payload must not be null; use tombstone(…) for an event without payload");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", (byte[]) null))
        .withMessage("payload must not be null; use tombstone(…) for an event without payload");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withId(null))
        .withMessage("id must not be null");
  }

  @Test
  void whatPostgresCannotStoreIsRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeader("tenant", "a\0b"))
        .withMessage(
            "value of header 'tenant' contains a NUL character at index 1, which PostgreSQL cannot"
                + " store");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "4\0", "OrderPlaced", "{}"))
        .withMessageStartingWith("aggregateId contains a NUL character at index 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\uD83D", "a\uDED2", "\uDED2\uD83D", "\uD83D\uD83D\uDED2"})
  void whatHasNoUtf8FormIsRefusedByName(String unpaired) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeader("tenant", unpaired))
        .withMessageStartingWith("value of header 'tenant' contains an unpaired surrogate");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", unpaired))
        .withMessageStartingWith("payload contains an unpaired surrogate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "ce_id", "outbox-position"})
  void headersThatConsumersDeduplicateByAreLeftToTheRelay(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeader(name, "1"))
        .withMessage(
            "header '" + name + "' is written by the relay; use withId for the event's ID");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ce_specversion",
        "ce_source",
        "ce_type",
        "ce_subject",
        "ce_time",
        "outbox-replay"
      })
  void headersThatTheRelayWouldDropAreRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLACED.withHeader(name, "1"))
        .withMessage(
            "header '"
                + name
                + "' is written by the relay, which would drop this one; leave it out");
  }

  @Test
  void headersIfAbsentLeaveThoseThatAreThere() {
    OutboxEvent event = PLACED.withHeader("a", "1");

    assertThat(event.withHeadersIfAbsent(Map.of("a", "2", "b", "3")).headers())
        .isEqualTo(Map.of("a", "1", "b", "3"));
    assertThat(event.withHeadersIfAbsent(Map.of("a", "2"))).isSameAs(event);
  }

  @Test
  void aPrintedEventShowsNeitherPayloadNorHeaders() {
    OutboxEvent event =
        OutboxEvent.of("Order", "42", "OrderPlaced", "{\"card\":\"4111\"}")
            .withHeader("authorization", "secret");

    assertThat(event)
        .hasToString("OutboxEvent[OrderPlaced Order/42, id " + event.id() + ", 15 bytes]");
  }

  @Test
  void equalityIsByContent() {
    UUID id = PLACED.id();

    assertThat(OutboxEvent.of("Order", "42", "OrderPlaced", "{}").withId(id))
        .isEqualTo(PLACED)
        .hasSameHashCodeAs(PLACED);
    assertThat(OutboxEvent.of("Order", "42", "OrderPlaced", "[]").withId(id)).isNotEqualTo(PLACED);
    assertThat(PLACED.withHeader("a", "1")).isNotEqualTo(PLACED);
  }
}
