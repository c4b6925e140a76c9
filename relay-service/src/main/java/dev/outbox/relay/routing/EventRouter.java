package dev.outbox.relay.routing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.event.OutboxEvent;
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

/**
 * Gives an event its topic, key and headers: the record contract, with CloudEvents 1.0 in Kafka's
 * binary mode. Holds no state; any thread may use it.
 */
public final class EventRouter {

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
          "outbox-position");

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

  /** The record for an event, or why there can be none. */
  public Routing route(OutboxEvent event) {
    String topic = topic(event.aggregateType());
    if (!TOPIC.matcher(topic).matches() || topic.equals(".") || topic.equals("..")) {
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
