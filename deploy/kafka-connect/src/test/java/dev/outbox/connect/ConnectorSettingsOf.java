package dev.outbox.connect;

import dev.outbox.local.KafkaServer;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.HashMap;
import java.util.Map;

/** Settings of connectors for tests. */
final class ConnectorSettingsOf {

  private ConnectorSettingsOf() {}

  /** At least once; {@code more} holds the relay's keys without their prefix. */
  static Map<String, String> database(
      OutboxDatabase database, KafkaServer kafka, Map<String, String> more) {
    Map<String, String> settings =
        new HashMap<>(TestSettings.properties(database, kafka.bootstrapServers(), more));
    settings.put("connector.class", OutboxSourceConnector.class.getName());
    settings.put("tasks.max", more.getOrDefault("shards", "1"));
    settings.put("outbox.relay.engine", "pgoutput");
    for (String converter : new String[] {"key", "value", "header"}) {
      settings.put(
          converter + ".converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    }
    return settings;
  }

  static Map<String, String> exactlyOnce(
      OutboxDatabase database, KafkaServer kafka, Map<String, String> more) {
    Map<String, String> settings = database(database, kafka, more);
    settings.put("outbox.relay.delivery", "exactly-once");
    settings.put("exactly.once.support", "required");
    settings.put("transaction.boundary", "connector");
    return settings;
  }

  static Map<String, String> delivery(
      String delivery, OutboxDatabase database, KafkaServer kafka, Map<String, String> more) {
    return delivery.equals("exactly-once")
        ? exactlyOnce(database, kafka, more)
        : database(database, kafka, more);
  }
}
