package dev.outbox.relay.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.InvalidSettingsException.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.springframework.util.unit.DataSize;

/** The rules for settings, each with its remedy. Collects every problem instead of the first. */
final class SettingsCheck {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");
  private static final Pattern PLAIN_IDENTIFIER = Pattern.compile("[a-z0-9_]{1,63}");
  private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9._-]{1,249}");
  private static final Pattern BROKER = Pattern.compile("(\\[[0-9a-fA-F:]+]|[^:\\s]+):[0-9]{1,5}");
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([^}]*)}");
  private static final int POSTGRES_IDENTIFIER_BYTES = 63;
  private static final int HIGHEST_PORT = 65_535;

  private static final Duration SHORTEST = Duration.ofMillis(1);

  /** Longer ones leave what clocks and databases can count. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  /** What guesses at the speed that the console allows would take many years for. */
  private static final int SHORTEST_PASSWORD = 12;

  private static final DataSize SMALLEST_IN_FLIGHT = DataSize.ofMegabytes(1);

  /** Producer settings that uphold a guarantee, with the values that do. */
  private static final Map<String, Predicate<String>> GUARANTEED =
      Map.ofEntries(
          Map.entry("acks", value -> value.equals("all") || value.equals("-1")),
          Map.entry("enable.idempotence", "true"::equals),
          Map.entry("max.in.flight.requests.per.connection", "1"::equals),
          Map.entry("partitioner.ignore.keys", "false"::equals),
          Map.entry("partitioner.class", value -> false),
          Map.entry("interceptor.classes", value -> false),
          Map.entry("delivery.timeout.ms", value -> false),
          Map.entry("retries", value -> false),
          Map.entry("key.serializer", value -> false),
          Map.entry("value.serializer", value -> false),
          Map.entry("transactional.id", value -> false),
          Map.entry("bootstrap.servers", value -> false));

  private final List<Problem> problems = new ArrayList<>();

  private SettingsCheck() {}

  /** The settings, if every one of them can be used. */
  static RelaySettings require(RelaySettings settings) {
    List<Problem> problems = check(settings);
    if (!problems.isEmpty()) {
      throw new InvalidSettingsException(problems);
    }
    return settings;
  }

  private static List<Problem> check(RelaySettings settings) {
    SettingsCheck check = new SettingsCheck();
    check.checkNames(settings);
    check.checkShards(settings);
    check.checkDatabase(settings.database());
    check.checkKafka(settings.kafka());
    check.checkTopicTemplate(settings.topicTemplate());
    check.checkPositionTopic(settings);
    check.checkAmounts(settings);
    if (check.checkDurations(settings)) {
      check.checkSlotLevels(settings);
    }
    check.checkConsole(settings.console());
    return check.problems;
  }

  private void checkNames(RelaySettings settings) {
    require(
        NAME.matcher(settings.name()).matches(),
        "name",
        settings.name(),
        "a relay needs a name of letters, digits, '.', '_' and '-'",
        "name it after the service whose outbox it relays, such as order-service");
    require(
        PLAIN_IDENTIFIER.matcher(settings.slot()).matches(),
        "slot",
        settings.slot(),
        "not a replication slot name",
        "use up to 63 lower-case letters, digits and underscores");
    // PostgreSQL folds and splits the names that a subscriber asks for, so only plain ones arrive.
    require(
        PLAIN_IDENTIFIER.matcher(settings.publication()).matches(),
        "publication",
        settings.publication(),
        "not a publication name that a subscriber can ask for",
        "use up to 63 lower-case letters, digits and underscores");
    boolean tableValid;
    try {
      TableName table = settings.tableName();
      tableValid = isIdentifier(table.schema()) && isIdentifier(table.table());
    } catch (IllegalArgumentException e) {
      tableValid = false;
    }
    require(
        tableValid,
        "table",
        settings.table(),
        "not a table name",
        "write schema.table, such as public.outbox_event");
  }

  private void checkShards(RelaySettings settings) {
    boolean counted = settings.shards() >= 1 && settings.shards() <= Shard.MOST;
    require(
        counted,
        "shards",
        String.valueOf(settings.shards()),
        "not a number of shards",
        "give a number from 1 to " + Shard.MOST);
    if (!counted || settings.shards() == 1) {
      return;
    }
    require(
        !Shard.isNameOfShard(settings.name()),
        "name",
        settings.name(),
        "is like the name of a shard",
        "end it otherwise than with a number, 'of' and a number");
    String longest = new Shard(settings.shards(), settings.shards()).identifierOf("");
    requireRoom("slot", settings.slot(), longest);
    requireRoom("publication", settings.publication(), longest);
    require(
        settings.positionTopic().contains("{name}"),
        "position-topic",
        settings.positionTopic(),
        "is the same for all shards, and each has a position of its own",
        "write {name} in it, such as outbox.position.{name}");
  }

  private void requireRoom(String key, String name, String behind) {
    require(
        name.length() + behind.length() <= POSTGRES_IDENTIFIER_BYTES,
        key,
        name,
        "too long for the names of its shards, which end with " + behind,
        "use at most %d characters".formatted(POSTGRES_IDENTIFIER_BYTES - behind.length()));
  }

  private static boolean isIdentifier(String name) {
    return !name.isBlank()
        && name.indexOf('\0') < 0
        && name.getBytes(UTF_8).length <= POSTGRES_IDENTIFIER_BYTES;
  }

  private void checkDatabase(RelaySettings.Database database) {
    if (database.url().contains("@")) {
      // The driver would take a password for a part of the host, and show it.
      require(
          false,
          "database.url",
          "(masked)",
          "carries user or password",
          "set outbox.relay.database.username and outbox.relay.database.password instead");
      return;
    }
    if (database.address().contains("=")) {
      // As above, for a part of the database's name.
      require(
          false,
          "database.url",
          "(masked)",
          "has a parameter before the question mark",
          "write jdbc:postgresql://host:port/database?name=value&name=value");
      return;
    }
    @Nullable Properties parsed = parsed(database.url());
    boolean valid = database.url().startsWith("jdbc:postgresql:") && parsed != null;
    require(
        valid,
        "database.url",
        withoutParameters(database.url()),
        "not a PostgreSQL JDBC URL",
        "write jdbc:postgresql://host:port/database");
    if (valid && parsed != null) {
      String host = PGProperty.PG_HOST.getOrDefault(parsed);
      require(
          host == null || !host.contains(","),
          "database.url",
          withoutParameters(database.url()),
          "names several hosts, and a replication slot lives on one",
          "name the primary, or an address that follows it");
      require(
          PGProperty.PASSWORD.getOrDefault(parsed) == null
              && PGProperty.USER.getOrDefault(parsed) == null,
          "database.url",
          "(masked)",
          "carries user or password",
          "set outbox.relay.database.username and outbox.relay.database.password instead");
    }
    require(
        !database.username().isBlank(),
        "database.username",
        database.username(),
        "the relay needs a role with LOGIN and REPLICATION",
        "set it to that role's name");
  }

  private static @Nullable Properties parsed(String url) {
    try {
      return Driver.parseURL(url, null);
    } catch (IllegalArgumentException e) { // of a parameter that is not encoded as in a URL
      return null;
    }
  }

  /** They may be secrets. */
  private static String withoutParameters(String url) {
    int parameters = url.indexOf('?');
    return parameters < 0 ? url : url.substring(0, parameters) + "?(masked)";
  }

  private void checkKafka(RelaySettings.Kafka kafka) {
    require(
        !kafka.bootstrapServers().isEmpty(),
        "kafka.bootstrap-servers",
        "",
        "the relay needs a broker to publish to",
        "set it to host:port, several separated by commas");
    for (String server : kafka.bootstrapServers()) {
      require(
          isBroker(server),
          "kafka.bootstrap-servers",
          server.contains("@") ? "(masked)" : server,
          "not an address of a broker",
          "write host:port, several separated by commas");
    }
    kafka
        .properties()
        .forEach(
            (name, value) -> {
              Predicate<String> upholds = GUARANTEED.get(name);
              require(
                  upholds == null || upholds.test(value),
                  "kafka.properties." + name,
                  value,
                  "would break the relay's guarantees of order and delivery",
                  "take it out; the relay sets it itself");
            });
  }

  private static boolean isBroker(String server) {
    return BROKER.matcher(server).matches()
        && Integer.parseInt(server.substring(server.lastIndexOf(':') + 1)) <= HIGHEST_PORT;
  }

  private void checkTopicTemplate(String template) {
    boolean unknown =
        PLACEHOLDER
            .matcher(template)
            .results()
            .anyMatch(found -> !found.group(1).equals("aggregatetype"));
    // Otherwise each event would be parked, or halt the relay.
    require(
        !unknown && isTopic(template.replace("{aggregatetype}", "x")),
        "topic-template",
        template,
        unknown ? "has a placeholder other than {aggregatetype}" : "not a topic name",
        "write a topic name with {aggregatetype} in it, such as outbox.event.{aggregatetype}");
  }

  private void checkPositionTopic(RelaySettings settings) {
    String template = settings.positionTopic();
    boolean named = NAME.matcher(settings.name()).matches();
    require(
        isTopic(named ? settings.positionTopicName() : template.replace("{name}", "x")),
        "position-topic",
        settings.positionTopic(),
        "not a topic name",
        "use letters, digits, '.', '_' and '-', and {name} for the relay's name");
    require(
        !settings.positionTopicName().equals(settings.topicTemplate()),
        "position-topic",
        settings.positionTopic(),
        "the same as outbox.relay.topic-template",
        "give the position a topic of its own");
  }

  private static boolean isTopic(String name) {
    return TOPIC.matcher(name).matches() && !name.equals(".") && !name.equals("..");
  }

  private void checkAmounts(RelaySettings settings) {
    require(
        settings.inFlightLimit().compareTo(SMALLEST_IN_FLIGHT) >= 0,
        "in-flight-limit",
        settings.inFlightLimit().toString(),
        "too small to work with",
        "give at least 1MB");
    require(
        settings.parking().limit() > 0,
        "parking.limit",
        String.valueOf(settings.parking().limit()),
        "leaves nothing to park",
        "give at least 1, or set outbox.relay.poison=halt");
    require(
        !settings.retention().isNegative(),
        "retention",
        settings.retention().toString(),
        "a negative duration",
        "give a number with a unit, such as 12h or 7d, or 0 to keep rows for ever");
    require(
        settings.backoff().max().compareTo(settings.backoff().initial()) >= 0,
        "backoff.max",
        settings.backoff().max().toString(),
        "shorter than outbox.relay.backoff.initial",
        "give at least " + settings.backoff().initial());
  }

  /** Whether they are such that one can count with them. */
  private boolean checkDurations(RelaySettings settings) {
    int before = problems.size();
    requirePositive("parking.missing-topic-wait", settings.parking().missingTopicWait());
    requirePositive("heartbeat-interval", settings.heartbeatInterval());
    requirePositive("drain-timeout", settings.drainTimeout());
    requirePositive("backoff.initial", settings.backoff().initial());
    requireCountable("backoff.max", settings.backoff().max());
    requireCountable("retention", settings.retention());
    requireCountable("slot-levels.warning-lag-time", settings.slotLevels().warningLagTime());
    requireCountable("slot-levels.critical-lag-time", settings.slotLevels().criticalLagTime());
    return problems.size() == before;
  }

  private void checkSlotLevels(RelaySettings settings) {
    RelaySettings.SlotLevels levels = settings.slotLevels();
    // The slot moves with heartbeats where nothing else is to confirm, and trails one of them.
    Duration shortest = settings.heartbeatInterval().multipliedBy(3);
    require(
        levels.warningLagTime().compareTo(shortest) >= 0,
        "slot-levels.warning-lag-time",
        levels.warningLagTime().toString(),
        "would warn of an idle outbox, whose slot moves with each heartbeat only",
        "give at least three times outbox.relay.heartbeat-interval: " + shortest);
    require(
        levels.criticalLagTime().compareTo(levels.warningLagTime()) >= 0,
        "slot-levels.critical-lag-time",
        levels.criticalLagTime().toString(),
        "shorter than outbox.relay.slot-levels.warning-lag-time",
        "give at least " + levels.warningLagTime());
    require(
        levels.warningLag().toBytes() > 0,
        "slot-levels.warning-lag",
        levels.warningLag().toString(),
        "would warn of every event",
        "give a size such as 1GB");
    require(
        levels.criticalLag().compareTo(levels.warningLag()) >= 0,
        "slot-levels.critical-lag",
        levels.criticalLag().toString(),
        "smaller than outbox.relay.slot-levels.warning-lag",
        "give at least " + levels.warningLag());
    require(
        levels.criticalFreeRetention().compareTo(levels.warningFreeRetention()) <= 0,
        "slot-levels.critical-free-retention",
        levels.criticalFreeRetention().toString(),
        "more than outbox.relay.slot-levels.warning-free-retention",
        "give at most " + levels.warningFreeRetention());
  }

  private void checkConsole(RelaySettings.Console console) {
    boolean named = !console.username().isBlank();
    boolean secret = !console.password().isEmpty();
    if (!named && !secret) {
      require(
          console.username().isEmpty(),
          "console.username",
          console.username(),
          "a name of blanks only",
          "name the operator, or take it out to have no actions in the console");
      return;
    }
    require(
        named,
        "console.username",
        console.username(),
        "outbox.relay.console.password is set, but nobody is named",
        "name the operator, or take out the password to have no actions in the console");
    // Basic authentication cannot carry it.
    require(
        console.username().indexOf(':') < 0,
        "console.username",
        console.username(),
        "contains a colon",
        "use a name without one");
    require(
        secret,
        "console.password",
        "",
        "outbox.relay.console.username is set, but no password",
        "give a password of at least %d characters, or take out the name to have no actions in the console"
            .formatted(SHORTEST_PASSWORD));
    require(
        !secret || console.password().length() >= SHORTEST_PASSWORD,
        "console.password",
        "(masked)",
        "shorter than %d characters".formatted(SHORTEST_PASSWORD),
        "give a longer one, such as: openssl rand -base64 18");
  }

  private void requirePositive(String key, Duration value) {
    require(
        value.compareTo(SHORTEST) >= 0,
        key,
        value.toString(),
        "not a positive duration",
        "give a number with a unit, such as 500ms, 10s or 5m");
    requireCountable(key, value);
  }

  private void requireCountable(String key, Duration value) {
    require(
        value.compareTo(LONGEST) <= 0,
        key,
        value.toString(),
        "longer than a hundred years",
        "give at most %dd".formatted(LONGEST.toDays()));
  }

  private void require(boolean holds, String key, String value, String reason, String remedy) {
    if (!holds) {
      problems.add(new Problem(RelaySettings.PREFIX + "." + key, value, reason, remedy));
    }
  }
}
