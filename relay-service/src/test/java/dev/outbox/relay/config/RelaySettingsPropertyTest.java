package dev.outbox.relay.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.support.TestSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever a setting is given loads, or is refused by its name, with a remedy and no secret. */
class RelaySettingsPropertyTest {

  private static final String SECRET = "hunter2hunter2";

  private static final Map<String, String> MANDATORY =
      Map.of(
          "name", "orders",
          "database.url", "jdbc:postgresql://db:5432/orders",
          "database.username", "relay",
          "database.password", SECRET,
          "kafka.bootstrap-servers", "kafka-1:9092",
          "kafka.properties.sasl.jaas.config", "x required password=" + SECRET + ";");

  private static final List<String> KEYS =
      List.of(
          "name",
          "database.url",
          "database.username",
          "database.password",
          "kafka.bootstrap-servers",
          "kafka.properties",
          "kafka.properties.linger.ms",
          "kafka.properties.retries",
          "engine",
          "delivery",
          "topic-template",
          "table",
          "slot",
          "publication",
          "auto-init",
          "poison",
          "parking",
          "parking.limit",
          "parking.missing-topic-wait",
          "position-topic",
          "on-gap",
          "retention",
          "in-flight-limit",
          "heartbeat-interval",
          "drain-timeout",
          "backoff.initial",
          "backoff.max",
          "slot-levels.warning-lag",
          "slot-levels.critical-lag",
          "slot-levels.warning-lag-time",
          "slot-levels.critical-lag-time",
          "slot-levels.warning-free-retention",
          "slot-levels.critical-free-retention",
          "console.username",
          "console.password",
          "console.show-payloads",
          "no-such-setting");

  @Property(tries = 40)
  void anyValueLoadsOrIsRefusedByItsName(
      @ForAll("keys") String key, @ForAll("values") String value) {
    loadOrRefuse(Map.of(key, value), key);
  }

  @Property(tries = 40)
  void anyTwoValuesLoadOrAreRefused(
      @ForAll("keys") String key,
      @ForAll("values") String value,
      @ForAll("keys") String otherKey,
      @ForAll("values") String otherValue) {
    Map<String, String> both = new HashMap<>();
    both.put(key, value);
    both.put(otherKey, otherValue);
    loadOrRefuse(both, "");
  }

  @Property(tries = 40)
  void aSecretIsShownNowhereWhateverElseIsWrong(
      @ForAll("keys") String key,
      @ForAll("values") String value,
      @ForAll("withSecret") Map<String, String> secret) {
    Map<String, String> both = new HashMap<>(secret);
    both.putIfAbsent(key, value);
    loadOrRefuse(both, "");
  }

  private static void loadOrRefuse(Map<String, String> more, String key) {
    Map<String, String> prefixed = new HashMap<>();
    MANDATORY.forEach((name, value) -> prefixed.put("outbox.relay." + name, value));
    more.forEach((name, value) -> prefixed.put("outbox.relay." + name, value));
    RelaySettings settings;
    try {
      settings = SettingsLoader.load(TestSettings.environment(prefixed));
    } catch (InvalidSettingsException e) {
      assertThat(e.getMessage()).doesNotContain(SECRET);
      assertThat(e.problems()).isNotEmpty();
      for (Problem problem : e.problems()) {
        assertThat(problem.key()).startsWith("outbox.relay");
        assertThat(problem.reason()).isNotBlank();
        assertThat(problem.remedy()).isNotBlank();
      }
      assertThat(e.getMessage()).contains("outbox.relay." + key);
      return;
    }
    assertThat(settings.toString()).doesNotContain(SECRET);
    assertThat(settings.database().address()).doesNotContain(SECRET);
    assertThat(new ShownSettings(settings).entries().toString()).doesNotContain(SECRET);
    assertUsable(settings);
  }

  /** What the relay does with settings that it has taken. */
  private static void assertUsable(RelaySettings settings) {
    assertThat(settings.tableName().quoted()).startsWith("\"");
    for (Duration duration :
        List.of(
            settings.retention(),
            settings.heartbeatInterval(),
            settings.drainTimeout(),
            settings.backoff().initial(),
            settings.backoff().max(),
            settings.parking().missingTopicWait())) {
      assertThat(duration.toNanos()).isNotNegative();
    }
    String topic = settings.topicTemplate().replace("{aggregatetype}", "Order");
    assertThat(topic).matches("[a-zA-Z0-9._-]{1,260}");
    assertThat(settings.positionTopicName()).matches("[a-zA-Z0-9._-]{1,249}").isNotEqualTo(topic);
  }

  @Provide
  Arbitrary<String> keys() {
    return Arbitraries.of(KEYS);
  }

  @Provide
  Arbitrary<String> values() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "",
            " ",
            "\n",
            ".",
            "..",
            "0",
            "-1",
            "1",
            "true",
            "null",
            "${",
            "${HOME}",
            "${outbox.relay.name}",
            "${outbox.relay.no}",
            "#{1/0}",
            "%",
            "%zz",
            "{",
            "{}",
            "{name}",
            "{aggregatetype}",
            "x.{aggregatetype}",
            "x {aggregatetype}",
            "outbox.{type}",
            "outbox.position.orders",
            "outbox.position.{name}",
            "a.b",
            "a.b.c",
            "\"; drop"),
        Arbitraries.of(
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775807d",
            "9223372036854775807s",
            "106751991167d",
            "PT2562047788015215H",
            "40000d",
            "1ns",
            "1us",
            "-1s",
            "PT0S",
            "P1D",
            "9223372036854775807B",
            "8796093022207MB",
            "9999999999TB",
            "-5MB",
            "1e3",
            "0x10",
            "１s"),
        Arbitraries.of(
            "kafka:9092",
            "kafka:99999",
            "[::1]:9092",
            "[::1",
            "a:1,,b:2",
            ",",
            "kafka://a:1",
            "jdbc:postgresql://db/orders",
            "jdbc:postgresql:orders",
            "jdbc:postgresql:",
            "jdbc:postgresql://db:x/orders",
            "jdbc:postgresql://[::1]:5432/o",
            "jdbc:postgresql://a,b/o",
            "jdbc:postgresql://db/o?%",
            "jdbc:postgresql://db/o?a=%zz",
            "jdbc:postgresql://db/%zz",
            "jdbc:postgresql://db/o?sslmode",
            "jdbc:postgresql://db/o?service=none",
            "jdbc:postgresql://db:99999/o",
            "jdbc:postgresql://db:0/o",
            "jdbc:mysql://db/o"),
        Arbitraries.strings().ofMaxLength(30),
        Arbitraries.strings().ascii().ofMaxLength(300),
        Arbitraries.strings().alpha().numeric().withChars("._-").ofMaxLength(260));
  }

  /** Where people put passwords. */
  @Provide
  Arbitrary<Map<String, String>> withSecret() {
    return Arbitraries.of(
        Map.of("database.url", "jdbc:postgresql://relay:" + SECRET + "@db/orders"),
        Map.of("database.url", "jdbc:postgresql://db/orders?user=relay&password=" + SECRET),
        Map.of("database.url", "jdbc:postgres://db/orders?user=relay&password=" + SECRET),
        Map.of("database.url", "jdbc:postgresql://db:port/orders?sslpassword=" + SECRET),
        Map.of("database.url", "jdbc:postgresql://a,b/orders?sslpassword=" + SECRET),
        Map.of("database.url", "jdbc:postgresql://db/orders?sslpassword=" + SECRET),
        Map.of("database.url", "jdbc:postgresql://db/orders&password=" + SECRET),
        Map.of("database.url", "jdbc:postgresql://db/orders;password=" + SECRET),
        Map.of("database.url", "password=" + SECRET),
        Map.of("database.pasword", SECRET),
        Map.of("database", SECRET),
        Map.of("kafka.bootstrap-servers", "user:" + SECRET + "@kafka:9092"),
        Map.of("kafka.properties", "sasl.jaas.config=" + SECRET),
        Map.of("kafka.properties.ssl.key.password", SECRET),
        Map.of("console.password", SECRET),
        Map.of("console.username", "anna", "console.password", SECRET),
        Map.of("console", SECRET));
  }
}
