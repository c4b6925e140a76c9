package dev.outbox.relay.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.control.ControlLog.MalformedControlException;
import dev.outbox.relay.control.ControlMessage.Discard;
import dev.outbox.relay.control.ControlMessage.Release;
import dev.outbox.relay.event.TextForm;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Who may connect to the database may write a control message, so any text comes: it is a command,
 * another relay's, or malformed, and never an exception that would end each run at the same place.
 */
class ControlLogPropertyTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final ControlLog log = new ControlLog("orders");

  @Property
  void anyTextIsACommandOrNone(@ForAll("texts") String text) {
    try {
      Optional<ControlMessage> command = log.read(text);
      command.ifPresent(ControlLogPropertyTest::assertWhole);
    } catch (MalformedControlException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  /** What a run does with a command must not meet a null or a text that the database refuses. */
  private static void assertWhole(ControlMessage command) {
    if (command instanceof Release release) {
      assertThat(TextForm.isStorable(release.aggregateType())).isTrue();
      assertThat(TextForm.isStorable(release.aggregateId())).isTrue();
    } else if (command instanceof Discard discard) {
      assertThat(TextForm.isStorable(discard.position())).isTrue();
      assertThat(TextForm.isStorable(discard.reason())).isTrue();
    } else if (command instanceof ControlMessage.Replay replay) {
      assertThat(replay.selection()).isNotNull();
      assertThat(replay.throughSeq()).isGreaterThanOrEqualTo(replay.firstSeq());
    }
  }

  @Example
  void aCommandThatLacksWhatItNamesIsMalformed() {
    for (String text :
        new String[] {
          "{\"relay\":\"orders\",\"command\":\"release\"}",
          "{\"relay\":\"orders\",\"command\":\"release\",\"aggregateType\":\"Order\"}",
          "{\"relay\":\"orders\",\"command\":\"discard\",\"position\":\"1\"}",
          "{\"relay\":\"orders\",\"command\":\"replay\",\"firstSeq\":1,\"throughSeq\":2}",
          "{\"relay\":\"orders\",\"command\":\"release\",\"aggregateType\":\"Order\",\"aggregateId\":\"\\u0000\"}",
          "{\"relay\":\"orders\",\"command\":\"discard\",\"position\":\"1\",\"reason\":\"\\ud800\"}",
        }) {
      assertThatThrownBy(() -> log.read(text))
          .as(text)
          .isInstanceOf(MalformedControlException.class);
    }
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> values =
        Arbitraries.oneOf(
            Arbitraries.of(
                "null", "1", "-1", "[]", "{}", "true", "\"\\u0000\"", "\"\\ud800\"", "\"Order\""),
            Arbitraries.strings().ofMaxLength(8).map(JSON::writeValueAsString));
    Arbitrary<String> commands =
        Combinators.combine(
                Arbitraries.of("release", "discard", "replay", "other"),
                Arbitraries.maps(
                        Arbitraries.of(
                            "aggregateType",
                            "aggregateId",
                            "position",
                            "reason",
                            "by",
                            "selection",
                            "topic",
                            "firstSeq",
                            "throughSeq",
                            "more"),
                        values)
                    .ofMaxSize(8),
                Arbitraries.of("\"orders\"", "\"orders\"", "\"orders\"", "\"x\"", "null", "{}"))
            .as(
                (command, fields, relay) -> {
                  StringBuilder text = new StringBuilder("{\"command\":\"" + command + '"');
                  text.append(",\"relay\":").append(relay);
                  fields.forEach((name, value) -> text.append(",\"" + name + "\":").append(value));
                  return text.append('}').toString();
                });
    Arbitrary<String> whole =
        Combinators.combine(Arbitraries.strings(), Arbitraries.strings())
            .as(
                (type, id) -> {
                  ObjectNode release = JSON.valueToTree(new Release(type, id));
                  return JSON.writeValueAsString(release.put("relay", "orders"));
                });
    Arbitrary<String> nested =
        Arbitraries.integers().between(1, 3_000).map(depth -> "{\"relay\":" + "[".repeat(depth));
    return Arbitraries.oneOf(commands, commands, whole, nested, Arbitraries.strings());
  }
}
