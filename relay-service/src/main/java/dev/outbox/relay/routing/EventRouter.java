package dev.outbox.relay.routing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.routing.RoutedRecord.Header;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import dev.outbox.relay.routing.RowHeaders.MalformedHeadersException;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives an event its topic, key and headers: the record contract, with CloudEvents 1.0 in Kafka's
 * binary mode. Holds no state; any thread may use it.
 */
public final class EventRouter {

  /**
   * Header of what a replay has published once more; its value is the position of the operator's
   * command.
   */
  public static final String REPLAY = "outbox-replay";

  private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
  private static final byte[] CLOUD_EVENTS_VERSION = "1.0".getBytes(UTF_8);
  private static final String CONTENT_TYPE = "content-type";
  private static final String DEFAULT_CONTENT_TYPE = "application/json";

  /** Consumers deduplicate and route by these, so a row's own header of the same name yields. */
  private static final Set<String> RESERVED =
      Set.of(
          "id",
          "ce_specversion",
          "ce_id",
          "ce_source",
          "ce_type",
          "ce_subject",
          "ce_time",
          "outbox-position",
          REPLAY);

  private final String topicTemplate;
  private final byte[] source;

  /**
   * @param topicTemplate topic name with {@code {aggregatetype}} in it
   * @param source the records' {@code ce_source}
   */
  public EventRouter(String topicTemplate, String source) {
    this.topicTemplate = topicTemplate;
    this.source = source.getBytes(UTF_8);
  }

  /** The topic of an aggregate type, which need not be a name that Kafka takes. */
  public String topic(String aggregateType) {
    return topicTemplate.replace("{aggregatetype}", aggregateType);
  }

  /** Whether Kafka takes it as a topic's name. */
  public static boolean isTopic(String name) {
    return TOPIC.matcher(name).matches() && !name.equals(".") && !name.equals("..");
  }

  /** The record for an event, or why there can be none. */
  public Routing route(OutboxEvent event) {
    String topic = topic(event.aggregateType());
    if (!isTopic(topic)) {
      return new Unroutable(
          "'" + topic + "' is not a valid Kafka topic name",
          "use aggregate types of letters, digits, '.', '_' and '-'");
    }
    try {
      return new Routed(
          new RoutedRecord(
              topic, event.aggregateId().getBytes(UTF_8), event.payload(), headers(event)));
    } catch (MalformedHeadersException e) {
      return new Unroutable(
          "the row's headers cannot be read: " + e.getMessage(),
          "write a JSON object whose values are all strings, or null");
    }
  }

  /**
   * The record for an event that a replay publishes once more, or why there can be none.
   *
   * @param topic where it goes; null is the event's own topic
   * @param command position of the operator's command
   */
  public Routing routeReplayed(OutboxEvent event, @Nullable String topic, SourcePosition command) {
    Routing routing = route(event);
    if (!(routing instanceof Routed routed)) {
      return routing;
    }
    RoutedRecord record = routed.record();
    List<Header> headers = new ArrayList<>(record.headers());
    headers.add(header(REPLAY, command.asText()));
    return new Routed(
        new RoutedRecord(
            topic == null ? record.topic() : topic, record.key(), record.value(), headers));
  }

  private List<Header> headers(OutboxEvent event) throws MalformedHeadersException {
    byte[] id = event.id().getBytes(UTF_8);
    Map<String, String> own =
        event.headers() == null ? Map.of() : RowHeaders.parse(event.headers());
    List<Header> headers = new ArrayList<>(9 + own.size());
    headers.add(new Header("id", id));
    headers.add(new Header("ce_specversion", CLOUD_EVENTS_VERSION));
    headers.add(new Header("ce_id", id));
    headers.add(new Header("ce_source", source));
    headers.add(header("ce_type", event.type()));
    headers.add(header("ce_subject", event.aggregateId()));
    headers.add(header("ce_time", DateTimeFormatter.ISO_INSTANT.format(event.committedAt())));
    headers.add(header(CONTENT_TYPE, own.getOrDefault(CONTENT_TYPE, DEFAULT_CONTENT_TYPE)));
    own.forEach(
        (name, value) -> {
          if (!RESERVED.contains(name) && !name.equals(CONTENT_TYPE)) {
            headers.add(header(name, value));
          }
        });
    headers.add(header("outbox-position", event.position().asText()));
    return headers;
  }

  private static Header header(String name, String value) {
    return new Header(name, value.getBytes(UTF_8));
  }
}
