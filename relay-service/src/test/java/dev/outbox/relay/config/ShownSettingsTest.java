package dev.outbox.relay.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.support.TestSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShownSettingsTest {

  private static final Map<String, String> SETTINGS = new LinkedHashMap<>();

  static {
    SETTINGS.put("name", "orders");
    SETTINGS.put(
        "database.url",
        "jdbc:postgresql://db:5432/orders?sslmode=require&sslpassword=url-s3cret&sslkey=/k");
    SETTINGS.put("database.username", "relay");
    SETTINGS.put("database.password", "database-s3cret");
    SETTINGS.put("kafka.bootstrap-servers", "kafka-1:9092,kafka-2:9092");
    SETTINGS.put("kafka.properties.linger.ms", "7");
    SETTINGS.put("kafka.properties.ssl.keystore.key", "keystore-s3cret");
    SETTINGS.put("kafka.properties.ssl.key.password", "key-s3cret");
    SETTINGS.put(
        "kafka.properties.sasl.jaas.config",
        "org.apache.kafka.PlainLoginModule required username=\"u\" password=\"jaas-s3cret\";");
    SETTINGS.put(
        "kafka.properties.sasl.oauthbearer.token.endpoint.url", "https://x:oauth-s3cret@idp/token");
    SETTINGS.put("kafka.properties.something.unknown", "unknown-s3cret");
    SETTINGS.put("console.username", "anna");
    SETTINGS.put("console.password", "console-s3cret");
  }

  private final ShownSettings shown = new ShownSettings(load());

  @Test
  void secretsAreMaskedAndTheRestIsShown() {
    Map<String, String> values = new LinkedHashMap<>();
    shown.entries().forEach(entry -> values.put(entry.getKey(), entry.getValue()));
    assertThat(values.toString()).doesNotContain("s3cret");
    assertThat(values)
        .containsEntry("outbox.relay.database.password", ShownSettings.MASK)
        .containsEntry(
            "outbox.relay.database.url",
            "jdbc:postgresql://db:5432/orders?sslmode=require&sslpassword=********&sslkey=********")
        .containsEntry("outbox.relay.kafka.bootstrap-servers", "kafka-1:9092,kafka-2:9092")
        .containsEntry("outbox.relay.kafka.properties.linger.ms", "7")
        .containsEntry("outbox.relay.kafka.properties.something.unknown", ShownSettings.MASK)
        .containsEntry("outbox.relay.console.username", "anna")
        .containsEntry("outbox.relay.console.password", ShownSettings.MASK)
        .containsEntry("outbox.relay.delivery", "at-least-once")
        .containsEntry("outbox.relay.retention", "7d")
        .containsEntry("outbox.relay.backoff.initial", "500ms")
        .containsEntry("outbox.relay.in-flight-limit", "8388608B");
  }

  @Test
  void everyKeyIsThere() {
    List<String> keys = shown.entries().stream().map(Map.Entry::getKey).toList();
    assertThat(keys)
        .contains("outbox.relay.slot-levels.critical-free-retention", "outbox.relay.on-gap")
        .contains("outbox.relay.parking.missing-topic-wait")
        .hasSize(39);
  }

  @Test
  void textsAreFreedOfSecrets() {
    assertThat(
            shown.mask(
                "refused: database-s3cret, jaas-s3cret, url-s3cret, https://x:oauth-s3cret@idp/token"))
        .doesNotContain("s3cret")
        .startsWith("refused: ********, ");
  }

  private static RelaySettings load() {
    Map<String, String> prefixed = new LinkedHashMap<>();
    SETTINGS.forEach((key, value) -> prefixed.put("outbox.relay." + key, value));
    return SettingsLoader.load(TestSettings.environment(prefixed));
  }
}
