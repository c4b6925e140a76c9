package dev.outbox.connect;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.config.SettingsLoader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A connector's settings: the relay's by their own names, and what it asks of Connect's. The
 * worker's producer takes the place of the relay's, so {@code producer.override.*} has to keep the
 * rules of {@code outbox.relay.kafka.properties.*}.
 */
final class ConnectorSettings {

  static final String PREFIX = "outbox.relay.";

  /** Which one a task relays, counted from 1. */
  private static final String SHARD = "outbox.connect.shard";

  private static final String TASKS = "tasks.max";
  private static final String PRODUCER = "producer.override.";
  private static final String CLIENT = PREFIX + "kafka.properties.";
  private static final String LARGEST_REQUEST = "max.request.size";

  /** Kafka's own, which Connect leaves as it is. */
  private static final String DEFAULT_LARGEST_REQUEST = "1048576";

  /** What belongs to a program of its own, and what Connect has in another place. */
  private static final Set<String> RELAY_ONLY =
      Set.of(
          PREFIX + "position-topic",
          PREFIX + "console.username",
          PREFIX + "console.password",
          PREFIX + "console.show-payloads");

  static final String ENGINE = PREFIX + "engine";

  /** The one in the plugin. */
  static final String ONLY_ENGINE = "pgoutput";

  /** Of the worker, which a plugin is not compiled against. */
  private static final String BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter";

  private static final List<String> CONVERTERS =
      List.of("key.converter", "value.converter", "header.converter");

  private final Map<String, String> connector;

  ConnectorSettings(Map<String, String> connector) {
    this.connector = connector;
  }

  /** Whether a connector may have this setting of the relay's. */
  static boolean isKnown(String key) {
    return !RELAY_ONLY.contains(key);
  }

  /**
   * The relay's settings.
   *
   * @throws InvalidSettingsException naming each setting of the relay's that cannot be used
   */
  RelaySettings relay() {
    Map<String, String> relay = new HashMap<>();
    connector.forEach(
        (key, value) -> {
          if (key.startsWith(PREFIX) && isKnown(key) && value != null) {
            relay.put(key, value);
          }
        });
    relay.putIfAbsent(ENGINE, ONLY_ENGINE);
    relay.put(CLIENT + LARGEST_REQUEST, largestRequest());
    return SettingsLoader.load(relay);
  }

  private String largestRequest() {
    return connector.getOrDefault(PRODUCER + LARGEST_REQUEST, DEFAULT_LARGEST_REQUEST);
  }

  /** The settings of each task, one for each shard. */
  List<Map<String, String>> taskConfigs() {
    return relay().eachShard().stream()
        .map(
            shard -> {
              Map<String, String> task = new HashMap<>(connector);
              task.put(SHARD, String.valueOf(shard.shard().index()));
              return task;
            })
        .toList();
  }

  /**
   * The relay's settings for the shard of a task.
   *
   * @param relay those of the whole outbox
   */
  RelaySettings ofTask(RelaySettings relay) {
    return relay.eachShard().get(Integer.parseInt(connector.getOrDefault(SHARD, "1")) - 1);
  }

  /** Whether Connect makes topics that are missing. */
  boolean topicsAreMade() {
    return connector.containsKey("topic.creation.default.partitions");
  }

  /** What is wrong with settings of Connect's own. */
  List<Problem> problemsWithConnect(Delivery delivery) {
    List<Problem> problems = new ArrayList<>();
    connector.keySet().stream()
        .filter(key -> key.startsWith(PREFIX) && !isKnown(key))
        .forEach(
            key ->
                problems.add(new Problem(key, "(masked)", "not for a connector", "take it out")));
    String engine = connector.getOrDefault(ENGINE, ONLY_ENGINE);
    if (engine.equals("debezium")) {
      problems.add(
          new Problem(
              ENGINE,
              engine,
              "not in the plugin",
              "take it out: pgoutput reads the same slot and counts the same positions"));
    }
    for (String converter : CONVERTERS) {
      require(
          problems,
          converter,
          BYTES,
          "would change the bytes of records",
          "the relay's records are bytes already");
    }
    String tolerance = connector.getOrDefault("errors.tolerance", "none");
    if (!tolerance.equals("none")) {
      problems.add(
          new Problem(
              "errors.tolerance",
              tolerance,
              "would lose events: Connect goes on behind a record that was not written",
              "take it out; the relay sets aside what Kafka refuses"));
    }
    if (delivery == Delivery.EXACTLY_ONCE) {
      require(
          problems,
          "exactly.once.support",
          "required",
          "leaves open whether the worker can do what outbox.relay.delivery=exactly-once promises",
          "the workers need exactly.once.source.support=enabled");
      require(
          problems,
          "transaction.boundary",
          "connector",
          "would end transactions elsewhere than the relay does",
          "a transaction is a batch of the relay's");
    }
    problemWithTasks().ifPresent(problems::add);
    problems.addAll(problemsWithProducer());
    return problems;
  }

  /** What is no number, Connect itself or the relay's settings say. */
  private Optional<Problem> problemWithTasks() {
    String tasks = connector.getOrDefault(TASKS, "1");
    String shards = connector.getOrDefault(PREFIX + "shards", "1");
    if (!isNumber(tasks)
        || !isNumber(shards)
        || Integer.parseInt(tasks) >= Integer.parseInt(shards)) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            TASKS,
            tasks,
            "fewer than shards, each of which needs a task",
            "set tasks.max=%s or more".formatted(shards)));
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,9}");
  }

  private void require(
      List<Problem> problems, String key, String value, String reason, String why) {
    String actual = connector.getOrDefault(key, "");
    if (!actual.equals(value)) {
      problems.add(new Problem(key, actual, reason, "set %s=%s: %s".formatted(key, value, why)));
    }
  }

  /** The rules of the relay's producer, for the producer that takes its place. */
  private List<Problem> problemsWithProducer() {
    Map<String, String> producer = new HashMap<>();
    connector.forEach(
        (key, value) -> {
          if (key.startsWith(PRODUCER)) {
            producer.put(CLIENT + key.substring(PRODUCER.length()), value);
          }
        });
    try {
      RelaySettings unused = SettingsLoader.load(producer);
      return List.of();
    } catch (InvalidSettingsException e) {
      return e.problems().stream()
          .filter(problem -> problem.key().startsWith(CLIENT))
          .map(
              problem ->
                  new Problem(
                      PRODUCER + problem.key().substring(CLIENT.length()),
                      problem.value(),
                      problem.reason(),
                      problem.remedy()))
          .toList();
    }
  }
}
