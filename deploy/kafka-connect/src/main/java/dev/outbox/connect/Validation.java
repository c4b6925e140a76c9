package dev.outbox.connect;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.publishing.RecordCheck;
import dev.outbox.relay.slot.Surroundings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigValue;
import org.jspecify.annotations.Nullable;

/**
 * Answers each problem at the setting that it belongs to, with the remedy: first of the settings
 * themselves, and when those can be used, of database and brokers as they are.
 */
final class Validation {

  private static final String DELIVERY = ConnectorSettings.PREFIX + "delivery";

  private final Map<String, String> connector;
  private final Map<String, ConfigValue> values = new LinkedHashMap<>();

  private Validation(Map<String, String> connector, Config config) {
    this.connector = connector;
    config.configValues().forEach(value -> values.put(value.name(), value));
  }

  /**
   * @param config what Connect has found by the definition of the settings
   */
  static Config validate(Map<String, String> connector, Config config) {
    Validation validation = new Validation(connector, config);
    validation.validate();
    return new Config(List.copyOf(validation.values.values()));
  }

  private void validate() {
    ConnectorSettings settings = new ConnectorSettings(connector);
    settings.problemsWithConnect(delivery()).forEach(this::add);
    @Nullable RelaySettings relay = relay(settings);
    if (relay != null) {
      SourceDatabase database = new SourceDatabase(relay);
      for (RelaySettings shard : relay.eachShard()) {
        Surroundings.findings(database, shard)
            .forEach(found -> add(ConnectorSettings.PREFIX + found.setting(), found.problem()));
      }
      lookForBrokers(relay);
    }
  }

  /** What is meant, also while other settings are wrong. */
  private Delivery delivery() {
    return "exactly-once".equals(connector.get(DELIVERY))
        ? Delivery.EXACTLY_ONCE
        : Delivery.AT_LEAST_ONCE;
  }

  private @Nullable RelaySettings relay(ConnectorSettings settings) {
    try {
      return settings.relay();
    } catch (InvalidSettingsException e) {
      e.problems().forEach(this::add);
      return null;
    }
  }

  private void lookForBrokers(RelaySettings relay) {
    try {
      RecordCheck.open(relay, () -> true, true).close();
    } catch (RelayException e) {
      add(ConnectorSettings.PREFIX + "kafka.bootstrap-servers", e);
    }
  }

  private void add(Problem problem) {
    value(problem.key())
        .addErrorMessage("%s. Remedy: %s".formatted(problem.reason(), problem.remedy()));
  }

  private void add(String key, RelayException problem) {
    String message = String.valueOf(problem.getMessage());
    if (!value(key).errorMessages().contains(message)) { // shards have most things in common
      value(key).addErrorMessage(message);
    }
  }

  /** One of Connect's own, or a name that nobody knows, has none yet. */
  private ConfigValue value(String key) {
    return values.computeIfAbsent(key, ConfigValue::new);
  }
}
