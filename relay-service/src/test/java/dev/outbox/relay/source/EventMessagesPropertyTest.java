package dev.outbox.relay.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.event.TextForm;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Whatever a logical message carries is an event, another relay's, or undecodable for a reason. */
class EventMessagesPropertyTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final SourcePosition POSITION = new SourcePosition(1, 100, 0);
  private static final String TABLE = "public.outbox_event";

  private final EventMessages messages =
      new EventMessages(new TableName("public", "outbox_event"), Shard.WHOLE);

  @Property
  void aMessageComesOutAsItWentIn(
      @ForAll("texts") String type,
      @ForAll("texts") String aggregateType,
      @ForAll("texts") String aggregateId,
      @ForAll @Size(max = 100) byte[] payload) {
    String id = UUID.randomUUID().toString();
    Map<String, String> line = new LinkedHashMap<>();
    line.put("outbox", TABLE);
    line.put("id", id);
    line.put("aggregatetype", aggregateType);
    line.put("aggregateid", aggregateId);
    line.put("type", type);
    String head = JSON.writeValueAsString(line);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes((head + "\n").getBytes(UTF_8));
    content.writeBytes(payload);
    OutboxEvent event = ((Decoded) read(content.toByteArray())).event();
    assertThat(event.id()).isEqualTo(id);
    assertThat(event.aggregateType()).isEqualTo(aggregateType);
    assertThat(event.aggregateId()).isEqualTo(aggregateId);
    assertThat(event.type()).isEqualTo(type);
    assertThat(event.payload()).isEqualTo(payload);
  }

  @Property
  void bytesOfAnyKindAreDecided(@ForAll @Size(max = 300) byte[] content) {
    assertDecided(content);
  }

  @Property
  void linesOfAnyKindAreDecided(@ForAll("lines") String line) {
    assertDecided(line.getBytes(UTF_8));
  }

  @Property
  void aMessageThatIsCutOffOnItsFirstLineIsNoEvent(@ForAll int at) {
    byte[] whole =
        """
        {"outbox":"%s","id":"%s","aggregatetype":"Order","aggregateid":"1","type":"Placed"}"""
            .formatted(TABLE, UUID.randomUUID())
            .getBytes(UTF_8);
    byte[] cut = java.util.Arrays.copyOf(whole, Math.floorMod(at, whole.length));
    assertThat(read(cut)).isInstanceOf(Undecodable.class);
  }

  private void assertDecided(byte[] content) {
    SourceItem item = read(content);
    if (item instanceof Decoded decoded) {
      OutboxEvent event = decoded.event();
      assertStorable(event.id());
      assertStorable(event.aggregateType());
      assertStorable(event.aggregateId());
      assertStorable(event.type());
      assertStorable(event.headers());
    } else if (item instanceof Undecodable undecodable) {
      assertThat(undecodable.payload()).as("nothing of it is lost").isEqualTo(content);
      assertThat(undecodable.reason()).isNotBlank().hasSizeLessThan(300).doesNotContain("\n");
      assertThat(undecodable.subject()).doesNotContain("\n");
      assertStorable(undecodable.id());
      assertStorable(undecodable.aggregateType());
      assertStorable(undecodable.aggregateId());
    } else {
      assertThat(item).isInstanceOf(Ignored.class);
    }
  }

  /** Or it could not be parked either, and would stop the relay. */
  private static void assertStorable(@Nullable String text) {
    assertThat(text == null || TextForm.isStorable(text)).as("%s", text).isTrue();
  }

  private SourceItem read(byte[] content) {
    return messages.read(ByteBuffer.wrap(content), Instant.EPOCH, POSITION);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withChars("aä€\"\\{}:,\n\u0001 \uFFFD")
        .withCharRange('\u0001', '\uD7FF')
        .withCharRange('\uE000', '\uFFFF')
        .ofMaxLength(40);
  }

  @Provide
  Arbitrary<String> lines() {
    Arbitrary<String> values =
        Arbitraries.oneOf(
            Arbitraries.of(
                "null", "1", "[]", "{}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u0000\"}", "[[[1]]]"),
            Arbitraries.of(
                "\"\\u0000\"", "\"\\ud800\"", "\"" + TABLE + "\"", "\"other.outbox\"", "\"\""),
            Arbitraries.just("\"0197a000-0000-7000-8000-000000000001\""),
            Arbitraries.integers().between(1, 2_000).map("["::repeat),
            texts().map(JSON::writeValueAsString));
    Arbitrary<String> lines =
        Arbitraries.maps(
                Arbitraries.of(
                    "outbox", "id", "aggregatetype", "aggregateid", "type", "headers", "more"),
                values)
            .map(
                fields -> {
                  StringBuilder line = new StringBuilder("{");
                  fields.forEach(
                      (name, value) ->
                          line.append(line.length() > 1 ? "," : "")
                              .append('"' + name + "\":")
                              .append(value));
                  return line.append("}").toString();
                });
    Arbitrary<String> complete =
        values.map(
            headers ->
                """
                {"outbox":"%s","id":"0197a000-0000-7000-8000-000000000001","aggregatetype":"Order",\
                "aggregateid":"1","type":"Placed","headers":%s}
                """
                    .formatted(TABLE, headers));
    return Arbitraries.oneOf(lines, complete, Arbitraries.strings());
  }
}
