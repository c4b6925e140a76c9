package dev.outbox.relay.routing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.routing.RoutedRecord.Header;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Whatever a row holds becomes the record of the contract, or is unroutable for a reason. */
class EventRouterPropertyTest {

  private static final String OWN_TOPIC = "outbox.position.orders";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final Set<String> RELAYS_OWN =
      Set.of(
          "id",
          "ce_specversion",
          "ce_id",
          "ce_source",
          "ce_type",
          "ce_subject",
          "ce_time",
          "content-type",
          "outbox-position",
          "outbox-replay");

  private final EventRouter router = new EventRouter("outbox.{aggregatetype}", "orders", OWN_TOPIC);

  @Property
  void aTopicIsOneThatKafkaTakesOrTheEventIsUnroutable(@ForAll("aggregateTypes") String type) {
    String topic = "outbox." + type;
    Routing routing = router.route(event(type, "1", null));
    if (isTopic(topic) && !topic.equals(OWN_TOPIC)) {
      assertThat(routed(routing).topic()).isEqualTo(topic);
    } else {
      assertUnroutable(routing);
    }
  }

  /** Kafka's own judgement, which the router does not ask. */
  private static boolean isTopic(String name) {
    try {
      Topic.validate(name);
      return true;
    } catch (InvalidTopicException e) {
      return false;
    }
  }

  @Property
  void twoAggregateTypesNeverShareATopic(
      @ForAll("aggregateTypes") String one, @ForAll("aggregateTypes") String other) {
    assertThat(router.topic(one).equals(router.topic(other))).isEqualTo(one.equals(other));
  }

  /** Of the first thousand names and of those behind them: only those are kept. */
  @Example
  void aNameThatIsNotKeptIsJudgedLikeOneThatIs() {
    for (int i = 0; i < 1_500; i++) {
      String good = "type-" + i;
      assertThat(routed(router.route(event(good, "1", null))).topic()).isEqualTo("outbox." + good);
      assertUnroutable(router.route(event("no topic " + i, "1", null)));
    }
  }

  @Provide
  Arbitrary<String> aggregateTypes() {
    return Arbitraries.oneOf(
        Arbitraries.strings().alpha().numeric().withChars("._-").ofMaxLength(260),
        Arbitraries.strings().withChars("a.b_c/ {}").ofMaxLength(5),
        texts(),
        Arbitraries.of("position.orders", "Position.orders", "{aggregatetype}", ".", ".."));
  }

  @Property
  void aKeyIsTheAggregatesIdAndNothingElse(
      @ForAll("ids") String id, @ForAll("ids") String other, @ForAll("headers") String headers) {
    byte[] key = routed(router.route(event("Order", id, null))).key();
    assertThat(key).isEqualTo(id.getBytes(UTF_8));
    assertThat(new String(key, UTF_8)).isEqualTo(id);
    byte[] otherKey = routed(router.route(event("Order", other, null))).key();
    assertThat(java.util.Arrays.equals(key, otherKey)).isEqualTo(id.equals(other));
    if (router.route(event("Order", id, headers)) instanceof Routed again) {
      assertThat(again.record().key()).isEqualTo(key);
    }
  }

  @Provide
  Arbitrary<String> ids() {
    return texts();
  }

  @Property
  void anyTextIsHeadersOrUnroutable(@ForAll("headers") String text) {
    Routing routing = router.route(event("Order", "1", text));
    if (routing instanceof Unroutable) {
      assertUnroutable(routing);
      return;
    }
    Map<?, ?> given = JSON.readValue(text, LinkedHashMap.class);
    List<String> own = new ArrayList<>();
    Map<String, String> sent = new LinkedHashMap<>();
    for (Header header : routed(routing).headers()) {
      assertThat(sent.put(header.name(), new String(header.value(), UTF_8)))
          .as("%s stands there once", header.name())
          .isNull();
      // What Kafka's format reckons with and what it writes must be the same.
      assertThat(header.name().getBytes(UTF_8)).hasSize(Utils.utf8Length(header.name()));
      if (!RELAYS_OWN.contains(header.name())) {
        own.add(header.name());
      }
    }
    given.forEach(
        (name, value) -> {
          if (name.equals("content-type") || own.contains(name)) {
            assertThat(sent).containsEntry(String.valueOf(name), String.valueOf(value));
          } else {
            assertThat(RELAYS_OWN).contains(String.valueOf(name));
          }
        });
    assertThat(given.keySet().containsAll(own)).isTrue();
    assertThat(sent)
        .containsEntry("id", ID)
        .containsEntry("ce_id", ID)
        .containsEntry("ce_subject", "1")
        .containsEntry("outbox-position", "00000002-0000000000000010-00000003")
        .doesNotContainKey("outbox-replay");
  }

  @Property
  void anObjectOfTextsIsAlwaysHeaders(@ForAll("maps") Map<String, String> headers) {
    assertThat(router.route(event("Order", "1", JSON.writeValueAsString(headers))))
        .isInstanceOf(Routed.class);
  }

  @Provide
  Arbitrary<Map<String, String>> maps() {
    return Arbitraries.maps(
            Arbitraries.oneOf(texts(), Arbitraries.of(RELAYS_OWN), Arbitraries.just("\u0000")),
            Arbitraries.oneOf(texts(), Arbitraries.strings().alpha().ofMaxLength(3_000)))
        .ofMaxSize(6);
  }

  /** JSON of all kinds, and what is nearly some. */
  @Provide
  Arbitrary<String> headers() {
    Arbitrary<String> objects = maps().map(JSON::writeValueAsString);
    Arbitrary<String> fragments =
        Arbitraries.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\"",
            "\"id\"",
            "\"\\ud800\"",
            "\"\\udc00x\"",
            "\"\\ud83d\\ude00\"",
            "\"\\u0000\"",
            "\"ce_id\"",
            "null",
            "1e999",
            "true",
            " ",
            "\n",
            "\u0001",
            "'a'",
            "//",
            "\\",
            "\uFEFF",
            "{\"a\":\"b\"}");
    return Arbitraries.oneOf(
        objects,
        fragments.list().ofMaxSize(9).map(parts -> String.join("", parts)),
        fragments.list().ofSize(2).map(pair -> "{" + String.join(":", pair) + "}"),
        Arbitraries.integers().between(1, 5_000).map(depth -> "{\"a\":".repeat(depth)),
        Arbitraries.integers().between(1, 5_000).map("["::repeat),
        Arbitraries.integers().between(1, 90_000).map(n -> "{\"" + "n".repeat(n) + "\":\"\"}"),
        Arbitraries.strings());
  }

  @Property(tries = 50)
  void aReasonIsShortAndStaysOnItsLine(
      @ForAll @IntRange(max = 100_000) int length, @ForAll char any) {
    String type = (any + "\n\u001b[31mFORGED ").repeat(length / 12 + 1);
    assertUnroutable(router.route(event(type, type, null)));
    OutboxEvent event = event(type, type, null);
    assertThat(event.describe()).hasSizeLessThan(600).doesNotContain("\n");
  }

  private static final String ID = "0197a000-0000-7000-8000-000000000001";

  /** Texts that PostgreSQL takes. */
  private static Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withChars("aä€\"\\{}:,\n\u0001\u007f \uFFFD")
        .withCharRange('\u0001', '\uD7FF')
        .withCharRange('\uE000', '\uFFFF')
        .ofMaxLength(40);
  }

  private static RoutedRecord routed(Routing routing) {
    assertThat(routing).isInstanceOf(Routed.class);
    return ((Routed) routing).record();
  }

  private static void assertUnroutable(Routing routing) {
    assertThat(routing)
        .isInstanceOfSatisfying(
            Unroutable.class,
            unroutable -> {
              assertThat(unroutable.reason())
                  .isNotBlank()
                  .hasSizeLessThan(300)
                  .doesNotContain("\n");
              assertThat(unroutable.remedy()).isNotBlank();
            });
  }

  private static OutboxEvent event(
      String aggregateType, String aggregateId, @Nullable String headers) {
    return new OutboxEvent(
        ID,
        aggregateType,
        aggregateId,
        "OrderPlaced",
        null,
        headers,
        Instant.parse("2026-01-02T03:04:05.000006Z"),
        new SourcePosition(2, 16, 3));
  }
}
