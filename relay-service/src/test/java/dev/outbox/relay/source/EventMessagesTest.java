package dev.outbox.relay.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventMessagesTest {

  private static final String ID = "0197a000-0000-7000-8000-000000000001";
  private static final SourcePosition POSITION = new SourcePosition(1, 77, 3);
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String GOOD =
      "\"outbox\":\"public.outbox_event\",\"id\":\""
          + ID
          + "\",\"aggregatetype\":\"Order\",\"aggregateid\":\"42\",\"type\":\"Placed\"";

  private final EventMessages messages =
      new EventMessages(new TableName("public", "outbox_event"), Shard.WHOLE);

  @Test
  void thePayloadIsWhateverStandsBehindTheFirstLine() {
    for (String payload : List.of("", "\n", "{}\n\n", "\u0000\u00ff")) {
      OutboxEvent event = event("{" + GOOD + "}\n" + payload);
      assertThat(event.payload()).isEqualTo(payload.getBytes(ISO_8859_1));
      assertThat(event.position()).isEqualTo(POSITION);
      assertThat(event.committedAt()).isEqualTo(NOW);
    }
    assertThat(event("{" + GOOD + "}").payload()).isNull();
  }

  @Test
  void aPartOfALargerBufferIsReadWithinItsBounds() {
    byte[] content = ("xx{" + GOOD + "}\npayloadxx").getBytes(UTF_8);
    ByteBuffer part = ByteBuffer.wrap(content, 2, content.length - 4).slice();
    ByteBuffer middle = ByteBuffer.wrap(content, 2, content.length - 4);
    for (ByteBuffer buffer : List.of(part, middle, middle.asReadOnlyBuffer())) {
      int before = buffer.position();
      assertThat(messages.read(buffer, NOW, POSITION))
          .isInstanceOfSatisfying(
              Decoded.class,
              item -> assertThat(item.event().payload()).isEqualTo("payload".getBytes(UTF_8)));
      assertThat(buffer.position()).isEqualTo(before);
    }
  }

  @Test
  void theIdIsGivenInTheFormOfARows() {
    assertThat(event("{" + GOOD.replace(ID, "0197A000-0000-7000-8000-000000000001") + "}").id())
        .isEqualTo(ID);
  }

  @Test
  void headersAreHandedOnAsTheyStand() {
    assertThat(event("{" + GOOD + ",\"headers\": {\"b\": \"\\u00e9\\n\", \"a\": \"x\"}}").headers())
        .isEqualTo("{\"b\":\"é\\n\",\"a\":\"x\"}");
    assertThat(event("{" + GOOD + ",\"headers\": null}").headers()).isNull();
    // Judged by routing, where a row's headers are.
    assertThat(event("{" + GOOD + ",\"headers\": [1]}").headers()).isEqualTo("[1]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "''                         | its first line is not a JSON object",
        "[]                         | its first line is not a JSON object",
        "{                          | its first line is not valid JSON at character 2",
        "{GOOD} {}                  | something follows the JSON object on its first line",
        "{GOOD,'type':'Other'}      | its first line is not valid JSON at character 142",
        "{GOOD,'headers':{'a':'1','a':'2'}} | its first line is not valid JSON at character 158",
        "{GOOD,'payload':'secret'}  | it has a field besides outbox, id, aggregatetype,"
            + " aggregateid, type and headers",
        "{'outbox':'public.outbox_event','aggregateid':42} | aggregateid is not a string",
        "{'outbox':'public.outbox_event','id':'1-1-1-1-1'} | id is not a UUID",
        "{'outbox':'public.outbox_event','id':'secret'}    | id is not a UUID",
        "{'outbox':'public.outbox_event','type':'\\u0000'}"
            + " | type contains a NUL character or an unpaired surrogate",
        "{'outbox':'public.outbox_event','type':'\\ud800'}"
            + " | type contains a NUL character or an unpaired surrogate",
        "{GOOD,'headers':{'a':'\\ud800'}} | headers contain an unpaired surrogate",
        "{}                         | outbox is missing",
      })
  void whatIsWrongIsSaidWithoutTheContent(String content, String reason) {
    String line = content.replace('\'', '"').replace("\"\"", "").replace("GOOD", GOOD);
    assertThat(read(line + "\nsecret"))
        .isInstanceOfSatisfying(
            Undecodable.class,
            item -> {
              assertThat(item.reason()).isEqualTo(reason);
              assertThat(item.subject()).doesNotContain("secret");
              assertThat(item.transaction()).isEqualTo(77);
            });
  }

  @Test
  void whatIsNestedTooDeeplyForTheParserIsRefused() {
    assertThat(read("{" + GOOD + ",\"headers\":" + "[".repeat(2_000)))
        .isInstanceOfSatisfying(
            Undecodable.class, item -> assertThat(item.reason()).contains("nested too deeply"));
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    SourceItem item =
        messages.read(
            ByteBuffer.wrap(("{" + GOOD.replace("42", "ä") + "}").getBytes(ISO_8859_1)),
            NOW,
            POSITION);
    assertThat(item)
        .isInstanceOfSatisfying(
            Undecodable.class,
            undecodable ->
                assertThat(undecodable.reason()).isEqualTo("its first line is not UTF-8"));
  }

  @Test
  void whatCouldBeReadNamesTheMessage() {
    assertThat(read("{" + GOOD + ",\"x\":1}"))
        .isInstanceOfSatisfying(
            Undecodable.class,
            item -> {
              assertThat(item.subject()).isEqualTo("message " + ID + " of aggregate Order 42");
              assertThat(item.id()).isEqualTo(ID);
              assertThat(item.aggregateType()).isEqualTo("Order");
              assertThat(item.aggregateId()).isEqualTo("42");
            });
  }

  @Test
  void aMalformedMessageKeepsItsContentAndCannotBePublishedAsItIs() {
    String content = "{" + GOOD + ",\"payload\":\"a field\"}";
    assertThat(read(content))
        .isInstanceOfSatisfying(
            Undecodable.class,
            item -> {
              assertThat(item.position()).isEqualTo(POSITION);
              assertThat(item.type()).isNull();
              assertThat(item.payload()).isEqualTo(content.getBytes(UTF_8));
            });
  }

  @Test
  void aMessageToAnotherRelayIsPassedByWhateverElseIsWrongWithIt() {
    assertThat(read("{\"outbox\":\"sales.outbox_event\",\"new\":1,\"id\":5} x"))
        .isEqualTo(new Ignored(77));
    assertThat(read("{\"outbox\":\"outbox_event\"}")).isInstanceOf(Ignored.class);
  }

  private OutboxEvent event(String content) {
    return ((Decoded) read(content)).event();
  }

  /** The line in UTF-8, and behind it each character as a byte. */
  private SourceItem read(String content) {
    int end = content.indexOf('\n');
    byte[] line = (end < 0 ? content : content.substring(0, end + 1)).getBytes(UTF_8);
    byte[] payload = end < 0 ? new byte[0] : content.substring(end + 1).getBytes(ISO_8859_1);
    return messages.read(
        ByteBuffer.allocate(line.length + payload.length).put(line).put(payload).flip(),
        NOW,
        POSITION);
  }
}
