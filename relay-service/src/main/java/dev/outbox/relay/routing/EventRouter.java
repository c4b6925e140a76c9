package dev.outbox.relay.routing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.event.TextForm;
import dev.outbox.relay.routing.RoutedRecord.Header;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import dev.outbox.relay.routing.RowHeaders.MalformedHeadersException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives an event its topic, key and headers: the record contract, with CloudEvents 1.0 in Kafka's
 * binary mode. Any thread may use it.
 */
public final class EventRouter {

  /**
   * Header of what a replay has published once more; its value is the position of the operator's
   * command.
   */
  public static final String REPLAY = "outbox-replay";

  /**
   * Header that tells the shard, such as {@code 2of4}, where the outbox is divided: positions of
   * different shards do not compare.
   */
  public static final String SHARD = "outbox-shard";

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
          SHARD,
          REPLAY);

  private static final byte[] DEFAULT_CONTENT_TYPE_BYTES = DEFAULT_CONTENT_TYPE.getBytes(UTF_8);

  private final String topicTemplate;
  private final Set<String> ownTopics;
  private final byte[] source;
  private final @Nullable Header shard;
  private final Kept<Topic> topics = new Kept<>();
  private final Kept<byte[]> types = new Kept<>();
  private volatile CommitTime lastCommitTime = CommitTime.of(Instant.EPOCH);

  /** The topic of an aggregate type, and whether Kafka takes its name. */
  private record Topic(String name, boolean valid) {}

  /** What is made of a few names again and again. */
  private static final class Kept<V> {
    /** Names come from rows, so there could be any number of them. */
    private static final int MOST = 1000;

    private final Map<String, V> made = new ConcurrentHashMap<>();

    V of(String name, Function<String, V> make) {
      @Nullable V known = made.get(name);
      if (known != null) {
        return known;
      }
      V fresh = make.apply(name);
      if (made.size() < MOST) {
        made.put(name, fresh);
      }
      return fresh;
    }
  }

  /** A commit's time as its events bear it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record CommitTime(Instant time, byte[] text) {
    static CommitTime of(Instant time) {
      return new CommitTime(time, DateTimeFormatter.ISO_INSTANT.format(time).getBytes(UTF_8));
    }
  }

  /**
   * @param topicTemplate topic name with {@code {aggregatetype}} in it
   * @param source the records' {@code ce_source}
   * @param ownTopic topic that holds the relay's position: an event there would be taken for one
   */
  public EventRouter(String topicTemplate, String source, String ownTopic) {
    this(topicTemplate, source, Set.of(ownTopic), null);
  }

  private EventRouter(
      String topicTemplate, String source, Set<String> ownTopics, @Nullable Header shard) {
    this.topicTemplate = topicTemplate;
    this.ownTopics = Set.copyOf(ownTopics);
    this.source = source.getBytes(UTF_8);
    this.shard = shard;
  }

  /** As the settings say, which may be those of a shard. */
  public static EventRouter of(RelaySettings settings) {
    Shard shard = settings.shard();
    return new EventRouter(
        settings.topicTemplate(),
        settings.relayName(),
        settings.positionTopicNames(),
        shard.isPart() ? header(SHARD, shard.label()) : null);
  }

  /** The topic of an aggregate type, which need not be a name that Kafka takes. */
  public String topic(String aggregateType) {
    return topicOf(aggregateType).name();
  }

  private Topic topicOf(String aggregateType) {
    return topics.of(
        aggregateType,
        type -> {
          String name = topicTemplate.replace("{aggregatetype}", type);
          return new Topic(name, isTopic(name));
        });
  }

  /** Whether Kafka takes it as a topic's name. */
  public static boolean isTopic(String name) {
    return TOPIC.matcher(name).matches() && !name.equals(".") && !name.equals("..");
  }

  /** The record for an event, or why there can be none. */
  public Routing route(OutboxEvent event) {
    Topic topic = topicOf(event.aggregateType());
    if (!topic.valid()) {
      return new Unroutable(
          "'" + TextForm.shown(topic.name()) + "' is not a valid Kafka topic name",
          "use aggregate types of letters, digits, '.', '_' and '-'");
    }
    if (ownTopics.contains(topic.name())) {
      return isReserved(topic.name());
    }
    try {
      byte[] key = event.aggregateId().getBytes(UTF_8);
      return new Routed(new RoutedRecord(topic.name(), key, event.payload(), headers(event, key)));
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
    if (topic != null && ownTopics.contains(topic)) {
      return isReserved(topic);
    }
    RoutedRecord record = routed.record();
    List<Header> headers = new ArrayList<>(record.headers());
    headers.add(header(REPLAY, command.asText()));
    return new Routed(
        new RoutedRecord(
            topic == null ? record.topic() : topic, record.key(), record.value(), headers));
  }

  private static Unroutable isReserved(String topic) {
    return new Unroutable(
        "'" + topic + "' is where the relay keeps its position",
        "use another aggregate type or topic, or change outbox.relay.position-topic");
  }

  private List<Header> headers(OutboxEvent event, byte[] key) throws MalformedHeadersException {
    byte[] id = event.id().getBytes(UTF_8);
    Map<String, String> own =
        event.headers() == null ? Map.of() : RowHeaders.parse(event.headers());
    List<Header> headers = new ArrayList<>(9 + own.size());
    headers.add(new Header("id", id));
    headers.add(new Header("ce_specversion", CLOUD_EVENTS_VERSION));
    headers.add(new Header("ce_id", id));
    headers.add(new Header("ce_source", source));
    headers.add(new Header("ce_type", types.of(event.type(), type -> type.getBytes(UTF_8))));
    headers.add(new Header("ce_subject", key));
    headers.add(new Header("ce_time", commitTime(event.committedAt())));
    @Nullable String contentType = own.get(CONTENT_TYPE);
    headers.add(
        new Header(
            CONTENT_TYPE,
            contentType == null ? DEFAULT_CONTENT_TYPE_BYTES : contentType.getBytes(UTF_8)));
    own.forEach(
        (name, value) -> {
          if (!RESERVED.contains(name) && !name.equals(CONTENT_TYPE)) {
            headers.add(header(name, value));
          }
        });
    headers.add(header("outbox-position", event.position().asText()));
    if (shard != null) {
      headers.add(shard);
    }
    return headers;
  }

  /** The same for all events of a transaction, and costly to write. */
  private byte[] commitTime(Instant time) {
    CommitTime last = lastCommitTime;
    if (!last.time().equals(time)) {
      last = CommitTime.of(time);
      lastCommitTime = last;
    }
    return last.text();
  }

  private static Header header(String name, String value) {
    return new Header(name, value.getBytes(UTF_8));
  }
}
