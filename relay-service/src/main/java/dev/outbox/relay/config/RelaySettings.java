package dev.outbox.relay.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The relay's settings, {@code outbox.relay.*} as Spring Boot properties or environment variables.
 * Immutable; {@link SettingsLoader} hands out only checked ones.
 *
 * @param name Required. Name of the relay, one per source database; becomes the records' {@code
 *     ce_source}
 * @param database the PostgreSQL database that holds the outbox table
 * @param kafka where events are published
 * @param engine what reads the write-ahead log: embedded Debezium, or the relay's own reader of
 *     PostgreSQL's replication stream, which is faster and younger. Both count the same positions,
 *     so it may be changed at any restart
 * @param delivery what is promised on the topic: nothing is lost and a crash may repeat a run of
 *     events, in order; or events and position are committed in one Kafka transaction
 * @param topicTemplate topic of an event; {@code {aggregatetype}} is replaced
 * @param table the outbox table, {@code schema.table}; also the address of events that come as
 *     logical messages. It must exist, and may stay empty
 * @param slot the logical replication slot
 * @param publication the publication that the slot is read through
 * @param shards into how many shards the outbox is divided, at most 32: each has a slot and a
 *     publication of its own, which reads what concerns its aggregates, and instances share them.
 *     Laid down by {@code init}; the command {@code shards} changes it
 * @param autoInit whether {@code run} makes publication, slot and the relay's tables where they are
 *     missing; where the owner made all but the slot, only that
 * @param poison what happens with an event that cannot be published: it is set aside in the source
 *     database, with the later events of its key behind it; or the relay waits before it and tries
 *     it again with backoff
 * @param parking bounds of what may be set aside
 * @param positionTopic topic that holds the position in exactly-once mode, made by {@code init};
 *     {@code {name}} is replaced
 * @param onGap what happens when the slot cannot deliver everything that was committed: a new one
 *     is made and what is missing is published from the table; or the relay waits for {@code init
 *     --accept-gap}
 * @param retention rows that are published and older are removed; {@code 0} keeps them for ever
 * @param inFlightLimit most bytes handed to Kafka and not yet acknowledged; each takes two to three
 *     bytes of heap
 * @param heartbeatInterval how often a logical message is written, so that an idle outbox does not
 *     hold the write-ahead log of a busy database
 * @param drainTimeout how long a graceful stop waits for Kafka's acknowledgements
 * @param backoff waits between runs after failures
 * @param slotLevels from when on the slot's lag is worth a word
 * @param console who may act through the console
 */
@ConfigurationProperties(RelaySettings.PREFIX)
public record RelaySettings(
    @DefaultValue("") String name,
    @DefaultValue Database database,
    @DefaultValue Kafka kafka,
    @DefaultValue("debezium") Engine engine,
    @DefaultValue("at-least-once") Delivery delivery,
    @DefaultValue("outbox.event.{aggregatetype}") String topicTemplate,
    @DefaultValue("public.outbox_event") String table,
    @DefaultValue("outbox_relay") String slot,
    @DefaultValue("outbox_relay") String publication,
    @DefaultValue("1") int shards,
    @DefaultValue("false") boolean autoInit,
    @DefaultValue("park") Poison poison,
    @DefaultValue Parking parking,
    @DefaultValue("outbox.position.{name}") String positionTopic,
    @DefaultValue("recover") OnGap onGap,
    @DefaultValue("7d") Duration retention,
    @DefaultValue("8MB") DataSize inFlightLimit,
    @DefaultValue("10s") Duration heartbeatInterval,
    @DefaultValue("20s") Duration drainTimeout,
    @DefaultValue Backoff backoff,
    @DefaultValue SlotLevels slotLevels,
    @DefaultValue Console console) {

  static final String PREFIX = "outbox.relay";

  /**
   * The settings of each shard, in their order; these themselves when the outbox is not divided. A
   * shard is like a relay of its own, with a name, a slot and a publication of its own.
   */
  public List<RelaySettings> eachShard() {
    return shards == 1 || shard().isPart()
        ? List.of(this)
        : IntStream.rangeClosed(1, shards).mapToObj(index -> of(new Shard(index, shards))).toList();
  }

  private RelaySettings of(Shard shard) {
    return with(
        shard.nameOf(name), shard.identifierOf(slot), shard.identifierOf(publication), shards);
  }

  /**
   * The same for an outbox that is divided otherwise.
   *
   * @param number of shards
   * @throws InvalidSettingsException when the other settings do not go with that number
   */
  public RelaySettings dividedInto(int number) {
    return SettingsCheck.require(with(name, slot, publication, number));
  }

  private RelaySettings with(String name, String slot, String publication, int shards) {
    return new RelaySettings(
        name,
        database,
        kafka,
        engine,
        delivery,
        topicTemplate,
        table,
        slot,
        publication,
        shards,
        autoInit,
        poison,
        parking,
        positionTopic,
        onGap,
        retention,
        inFlightLimit,
        heartbeatInterval,
        drainTimeout,
        backoff,
        slotLevels,
        console);
  }

  /** The share of the outbox that these settings are for. */
  public Shard shard() {
    return Shard.of(name, shards);
  }

  /** The settings of the shard that holds the events of an aggregate. */
  public RelaySettings shardOf(String aggregateId) {
    return eachShard().stream()
        .filter(settings -> settings.shard().owns(aggregateId))
        .findFirst()
        .orElseThrow();
  }

  /** The name of the relay, whichever of its shards these settings are for. */
  public String relayName() {
    return shard().relayOf(name);
  }

  /** The outbox table's name, taken apart. */
  public TableName tableName() {
    return TableName.parse(table);
  }

  /** The topic that holds this relay's position in exactly-once mode. */
  public String positionTopicName() {
    return positionTopic.replace("{name}", name);
  }

  /** The same of each shard: topics on which an event would be taken for a position. */
  public Set<String> positionTopicNames() {
    return IntStream.rangeClosed(1, shards)
        .mapToObj(index -> new Shard(index, shards).nameOf(relayName()))
        .map(shardName -> positionTopic.replace("{name}", shardName))
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * The source database.
   *
   * @param url Required. JDBC URL, {@code jdbc:postgresql://host:port/database}, with parameters of
   *     the driver such as {@code sslmode} if need be
   * @param username Required. Role with {@code LOGIN}, {@code REPLICATION} and the rights of the
   *     relay
   * @param password the role's password
   */
  public record Database(
      @DefaultValue("") String url,
      @DefaultValue("") String username,
      @DefaultValue("") String password) {

    /** Host, port and database, for messages: parameters of the URL may be secrets. */
    public String address() {
      int parameters = url.indexOf('?');
      String address = parameters < 0 ? url : url.substring(0, parameters);
      return address.replaceFirst("^jdbc:postgresql:(//)?", "");
    }

    @Override
    public String toString() {
      return "Database[" + address() + ", username=" + username + "]";
    }
  }

  /**
   * Kafka, as a producer sees it.
   *
   * @param bootstrapServers Required. Brokers to begin with, {@code host:port}, several separated
   *     by commas; name at least two, so that brokers that come back at other addresses are found
   * @param properties any setting of Kafka's producer, such as {@code security.protocol} or {@code
   *     compression.type}. {@code max.request.size} is 16 MB unless set. What would break a
   *     guarantee is refused: {@code acks}, {@code enable.idempotence}, {@code
   *     delivery.timeout.ms}, {@code retries}, {@code max.in.flight.requests.per.connection},
   *     {@code transactional.id}, partitioners, interceptors and serializers
   */
  public record Kafka(
      @DefaultValue List<String> bootstrapServers, @DefaultValue Map<String, String> properties) {

    public Kafka {
      bootstrapServers = List.copyOf(bootstrapServers);
      properties = Map.copyOf(properties);
    }

    @Override
    public String toString() {
      return "Kafka[bootstrapServers="
          + bootstrapServers
          + ", properties="
          + properties.keySet()
          + "]";
    }
  }

  /**
   * Waits between runs after failures.
   *
   * @param initial wait after the first failure; doubles with each further one
   * @param max longest wait
   */
  public record Backoff(
      @DefaultValue("500ms") Duration initial, @DefaultValue("30s") Duration max) {}

  /**
   * Bounds of what may be set aside.
   *
   * @param limit most parked events; with more to park the relay halts
   * @param missingTopicWait how long brokers may say that a topic does not exist before its events
   *     are parked
   */
  public record Parking(
      @DefaultValue("10000") int limit, @DefaultValue("30s") Duration missingTopicWait) {}

  /**
   * From when on the slot's lag and its room are worth a word.
   *
   * @param warningLag more write-ahead log than this behind the confirmed position is a warning
   * @param criticalLag more write-ahead log than this behind the confirmed position is critical
   * @param warningLagTime write-ahead log that has waited longer than this for confirmation is a
   *     warning; at least three times {@code heartbeat-interval}
   * @param criticalLagTime write-ahead log that has waited longer than this for confirmation is
   *     critical
   * @param warningFreeRetention less room than this until PostgreSQL gives the slot up ({@code
   *     max_slot_wal_keep_size}) is a warning; {@code 0B} for never
   * @param criticalFreeRetention less room than this until PostgreSQL gives the slot up is
   *     critical; {@code 0B} for never
   */
  public record SlotLevels(
      @DefaultValue("1GB") DataSize warningLag,
      @DefaultValue("10GB") DataSize criticalLag,
      @DefaultValue("2m") Duration warningLagTime,
      @DefaultValue("15m") Duration criticalLagTime,
      @DefaultValue("512MB") DataSize warningFreeRetention,
      @DefaultValue("128MB") DataSize criticalFreeRetention) {

    /**
     * The bounds of one level.
     *
     * @param lag most write-ahead log behind the confirmed position
     * @param lagTime longest time that log waits for confirmation
     * @param freeRetention least that may be written until the slot is given up
     */
    public record Bounds(DataSize lag, Duration lagTime, DataSize freeRetention) {}

    /** Beyond these it is a warning. */
    public Bounds warning() {
      return new Bounds(warningLag, warningLagTime, warningFreeRetention);
    }

    /** Beyond these it is critical. */
    public Bounds critical() {
      return new Bounds(criticalLag, criticalLagTime, criticalFreeRetention);
    }
  }

  /**
   * Who may act through the console. Reading needs no credential.
   *
   * @param username the operator who may act through the console; with the password, or neither.
   *     Without them the console only shows, and every action is refused
   * @param password the operator's password, with at least 12 characters
   * @param showPayloads whether the operator, logged in, may see payloads of parked events
   */
  public record Console(
      @DefaultValue("") String username,
      @DefaultValue("") String password,
      @DefaultValue("false") boolean showPayloads) {

    /** Whether somebody may act. */
    public boolean hasOperator() {
      return !username.isEmpty();
    }

    @Override
    public String toString() {
      return "Console[username=" + username + ", showPayloads=" + showPayloads + "]";
    }
  }

  /** What reads the write-ahead log. */
  public enum Engine {
    /** Embedded Debezium. */
    DEBEZIUM,
    /** The relay's own reader of PostgreSQL's replication stream. */
    PGOUTPUT
  }

  /** What the relay promises on the topic. */
  public enum Delivery {
    /** Nothing is lost; after a crash a run of events may repeat as a whole, in order. */
    AT_LEAST_ONCE,
    /** Events and position are committed to Kafka in one transaction. */
    EXACTLY_ONCE
  }

  /** What happens with an event that can never be published. */
  public enum Poison {
    /** It is parked in the source database, with the later events of its key behind it. */
    PARK,
    /** The relay stands still before it, says so, and tries it again with backoff. */
    HALT
  }

  /** What happens when the slot cannot deliver everything that was committed. */
  public enum OnGap {
    /**
     * A new slot is made, and rows that may not have been published are published from the table.
     */
    RECOVER,
    /** The relay refuses to go on until an operator accepts the gap. */
    REFUSE
  }
}
