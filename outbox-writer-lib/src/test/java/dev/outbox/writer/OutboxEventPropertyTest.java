package dev.outbox.writer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import tools.jackson.databind.json.JsonMapper;

/**
 * An event that can be made can be stored and published as it is; what cannot is refused by name.
 */
class OutboxEventPropertyTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final Set<String> RELAYS_OWN =
      Set.of(
          "id",
          "ce_id",
          "outbox-position",
          "ce_specversion",
          "ce_source",
          "ce_type",
          "ce_subject",
          "ce_time",
          "outbox-replay");

  @Property
  void namesAreKeptAsTheyAreOrRefusedByTheirField(
      @ForAll("texts") String aggregateType,
      @ForAll("texts") String aggregateId,
      @ForAll("texts") String type,
      @ForAll @Size(max = 50) byte[] payload) {
    boolean good = isName(aggregateType) && isName(aggregateId) && isName(type);
    try {
      OutboxEvent event = OutboxEvent.of(aggregateType, aggregateId, type, payload);
      assertThat(good).isTrue();
      assertThat(event.aggregateType()).isEqualTo(aggregateType);
      assertThat(event.aggregateId()).isEqualTo(aggregateId);
      assertThat(event.type()).isEqualTo(type);
      assertThat(event.payload()).hasValue(payload);
      assertThat(event.id().version()).isEqualTo(7);
    } catch (IllegalArgumentException e) {
      assertThat(good).isFalse();
      assertThat(e.getMessage()).containsPattern("^(aggregateType|aggregateId|type) ");
    }
  }

  @Property
  void headersAreTheSameAsJsonOrRefused(@ForAll("headers") Map<String, String> headers) {
    boolean good =
        headers.entrySet().stream()
            .allMatch(
                header ->
                    isName(header.getKey())
                        && isStorable(header.getValue())
                        && !RELAYS_OWN.contains(header.getKey()));
    try {
      OutboxEvent event = OutboxEvent.tombstone("Order", "1", "Erased").withHeaders(headers);
      assertThat(good).isTrue();
      assertThat(event.headers()).containsExactlyEntriesOf(headers);
      String json = HeadersJson.encode(event.headers());
      if (headers.isEmpty()) {
        assertThat(json).isNull();
      } else {
        assertThat(JSON.readValue(json, LinkedHashMap.class)).isEqualTo(headers);
        assertThat(isStorable(String.valueOf(json))).isTrue();
      }
    } catch (IllegalArgumentException e) {
      assertThat(good).isFalse();
      assertThat(e.getMessage()).contains("header");
    }
  }

  @Property
  void aBusinessKeyIsOneIdAndAnotherKeyAnother(
      @ForAll("names") String type,
      @ForAll("names") String key,
      @ForAll("names") String otherType,
      @ForAll("names") String otherKey) {
    UUID id = OutboxEvent.tombstone("Order", "1", type).withBusinessKey(key).id();
    assertThat(OutboxEvent.tombstone("Order", "2", type).withBusinessKey(key).id()).isEqualTo(id);
    UUID other = OutboxEvent.tombstone("Order", "1", otherType).withBusinessKey(otherKey).id();
    assertThat(other.equals(id)).isEqualTo(type.equals(otherType) && key.equals(otherKey));
  }

  private static boolean isName(String text) {
    return isStorable(text) && !text.isBlank();
  }

  /** Said in another way than the library does: what has no UTF-8 form does not come back. */
  private static boolean isStorable(String text) {
    return text.indexOf('\0') < 0 && new String(text.getBytes(UTF_8), UTF_8).equals(text);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        names(),
        names(),
        names(),
        Arbitraries.strings().ofMaxLength(10),
        Arbitraries.of("", " ", "\0", "a\0b", "\ud800", "a\udc00b", "\ud83d\ude00"));
  }

  @Provide
  Arbitrary<String> names() {
    return Arbitraries.strings()
        .withChars("aä€\"\\{}:,\n\u0001\u007f \uFFFD")
        .withCharRange('\u0001', '\uD7FF')
        .ofMinLength(1)
        .ofMaxLength(30)
        .filter(name -> !name.isBlank());
  }

  @Provide
  Arbitrary<Map<String, String>> headers() {
    return Arbitraries.maps(Arbitraries.oneOf(texts(), Arbitraries.of(RELAYS_OWN)), texts())
        .ofMaxSize(4);
  }
}
