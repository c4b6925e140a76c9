package dev.outbox.writer.test;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.writer.OutboxEvent;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Assertions on one appended event. Each throws {@link AssertionError} with what was expected, what
 * was there, and all that was appended.
 */
public final class EventAssertions {

  private final OutboxEvent event;
  private final List<OutboxEvent> all;

  EventAssertions(OutboxEvent event, List<OutboxEvent> all) {
    this.event = event;
    this.all = all;
  }

  /** The event, for assertions of one's own. */
  public OutboxEvent event() {
    return event;
  }

  /** What happened. */
  public EventAssertions hasType(String type) {
    return require("type", type, event.type());
  }

  /** To what it happened. */
  public EventAssertions hasAggregate(String aggregateType, String aggregateId) {
    return require(
        "aggregate",
        aggregateType + "/" + aggregateId,
        event.aggregateType() + "/" + event.aggregateId());
  }

  /** The event's ID. */
  public EventAssertions hasId(UUID id) {
    return require("id", id, event.id());
  }

  /** That the ID was derived from this business key. */
  public EventAssertions hasBusinessKey(String businessKey) {
    return require(
        "id for business key '" + businessKey + "'",
        event.withBusinessKey(businessKey).id(),
        event.id());
  }

  /** A header with this value. */
  public EventAssertions hasHeader(String name, String value) {
    return require("header '" + name + "'", value, event.headers().get(name));
  }

  /** No header of this name. */
  public EventAssertions hasNoHeader(String name) {
    return require("header '" + name + "'", null, event.headers().get(name));
  }

  /** The media type that consumers are told: the event's own, or JSON without one. */
  public EventAssertions hasContentType(String contentType) {
    return require(
        "content type",
        contentType,
        event.headers().getOrDefault(OutboxEvent.CONTENT_TYPE, "application/json"));
  }

  /** A payload that is this text in UTF-8, to the letter. */
  public EventAssertions hasPayload(String text) {
    return require(
        "payload", text, event.payload().map(bytes -> new String(bytes, UTF_8)).orElse(null));
  }

  /** A payload of these bytes. */
  public EventAssertions hasPayload(byte[] bytes) {
    byte @Nullable [] actual = event.payload().orElse(null);
    if (!Arrays.equals(bytes, actual)) {
      require("payload", hex(bytes), actual == null ? null : hex(actual));
    }
    return this;
  }

  /**
   * A payload, decoded as text in UTF-8, for which this holds.
   *
   * @param what names the condition in the error
   */
  public EventAssertions hasPayloadThat(String what, Predicate<String> condition) {
    String text = event.payload().map(bytes -> new String(bytes, UTF_8)).orElse("");
    return require("payload that " + what, true, condition.test(text));
  }

  /** No payload at all. */
  public EventAssertions isTombstone() {
    return require("payload", "none", event.payload().map(b -> b.length + " bytes").orElse("none"));
  }

  private EventAssertions require(String what, @Nullable Object expected, @Nullable Object actual) {
    Difference.require(what, expected, actual, all);
    return this;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
