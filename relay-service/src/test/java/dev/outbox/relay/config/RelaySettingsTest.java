package dev.outbox.relay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.support.TestSettings;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

class RelaySettingsTest {

  private static final Map<String, String> MANDATORY =
      Map.of(
          "outbox.relay.name", "orders",
          "outbox.relay.database.url", "jdbc:postgresql://db:5432/orders",
          "outbox.relay.database.username", "relay",
          "outbox.relay.database.password", "s3cret",
          "outbox.relay.kafka.bootstrap-servers", "kafka-1:9092,kafka-2:9092");

  @Test
  void everyDefaultIsPinned() {
    RelaySettings settings = load(Map.of());
    assertThat(settings)
        .isEqualTo(
            new RelaySettings(
                "orders",
                new RelaySettings.Database("jdbc:postgresql://db:5432/orders", "relay", "s3cret"),
                new RelaySettings.Kafka(List.of("kafka-1:9092", "kafka-2:9092"), Map.of()),
                RelaySettings.Engine.DEBEZIUM,
                RelaySettings.Delivery.AT_LEAST_ONCE,
                "outbox.event.{aggregatetype}",
                "public.outbox_event",
                "outbox_relay",
                "outbox_relay",
                1,
                false,
                RelaySettings.Poison.PARK,
                new RelaySettings.Parking(10_000, Duration.ofSeconds(30)),
                "outbox.position.{name}",
                RelaySettings.OnGap.RECOVER,
                Duration.ofDays(7),
                DataSize.ofMegabytes(8),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                new RelaySettings.Backoff(Duration.ofMillis(500), Duration.ofSeconds(30)),
                new RelaySettings.SlotLevels(
                    DataSize.ofGigabytes(1),
                    DataSize.ofGigabytes(10),
                    Duration.ofMinutes(2),
                    Duration.ofMinutes(15),
                    DataSize.ofMegabytes(512),
                    DataSize.ofMegabytes(128)),
                new RelaySettings.Console("", "", false)));
  }

  @Test
  void kafkaPropertiesKeepTheirDots() {
    RelaySettings settings = load(Map.of("outbox.relay.kafka.properties.compression.type", "lz4"));
    assertThat(settings.kafka().properties()).containsEntry("compression.type", "lz4");
  }

  @Test
  void aTableWithoutSchemaIsInPublic() {
    assertThat(load(Map.of("outbox.relay.table", "events")).tableName())
        .isEqualTo(new TableName("public", "events"));
  }

  @Test
  void allProblemsAreReportedAtOnce() {
    assertThatThrownBy(() -> SettingsLoader.load(TestSettings.environment(Map.of())))
        .isInstanceOfSatisfying(
            InvalidSettingsException.class,
            e ->
                assertThat(e.problems())
                    .extracting(Problem::key)
                    .containsExactlyInAnyOrder(
                        "outbox.relay.name",
                        "outbox.relay.database.url",
                        "outbox.relay.database.username",
                        "outbox.relay.kafka.bootstrap-servers"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          name                            | bad name
          database.url                    | localhost:5432/orders
          database.url                    | jdbc:mysql://db/orders
          database.url                    | jdbc:postgresql://a:5432,b:5432/orders
          kafka.bootstrap-servers         | kafka
          kafka.bootstrap-servers         | kafka:port
          kafka.bootstrap-servers         | kafka:99999
          engine                          | polling
          delivery                        | exactly-twice
          poison                          | ignore
          topic-template                  | outbox.{type}
          topic-template                  | outbox events.{aggregatetype}
          position-topic                  | outbox position
          position-topic                  | ''
          table                           | a.b.c
          slot                            | With-Capitals
          publication                     | Orders, and more
          auto-init                       | perhaps
          console.show-payloads           | sometimes
          console.username                | '  '
          in-flight-limit                 | 10KB
          in-flight-limit                 | plenty
          heartbeat-interval              | 0s
          heartbeat-interval              | 9223372036854775807s
          retention                       | 40000d
          drain-timeout                   | -1s
          backoff.initial                 | soon
          backoff.max                     | 1ms
          slot-levels.warning-lag         | 0B
          slot-levels.critical-lag        | 1MB
          slot-levels.warning-lag-time    | 29s
          slot-levels.critical-lag-time   | 1m
          slot-levels.critical-free-retention | 1GB
          kafka.properties.acks           | 1
          kafka.properties.enable.idempotence | false
          kafka.properties.delivery.timeout.ms | 120000
          kafka.properties.max.in.flight.requests.per.connection | 6
          kafka.properties.max.in.flight.requests.per.connection | 5
          kafka.properties.partitioner.ignore.keys | true
          kafka.properties.partitioner.class | org.apache.kafka.clients.producer.RoundRobinPartitioner
          kafka.properties.interceptor.classes | x.Interceptor
          kafka.properties.transactional.id | mine
          """)
  void aWrongSettingIsNamedWithItsValueAndARemedy(String key, String value) {
    assertThatThrownBy(() -> load(Map.of("outbox.relay." + key, value)))
        .isInstanceOfSatisfying(
            InvalidSettingsException.class,
            e -> {
              assertThat(e.problems()).hasSize(1);
              Problem problem = e.problems().get(0);
              assertThat(problem.key()).isEqualTo("outbox.relay." + key);
              assertThat(e.getMessage()).contains("Remedy: ");
              assertThat(problem.remedy()).isNotBlank();
              assertThat(problem.reason()).isNotBlank();
            });
  }

  @Test
  void aMisspeltSettingIsRefused() {
    assertThatThrownBy(() -> load(Map.of("outbox.relay.topic-tempalte", "x")))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("outbox.relay.topic-tempalte")
        .hasMessageContaining("there is no such setting");
  }

  @Test
  void secretsStayOutOfTexts() {
    RelaySettings settings =
        load(Map.of("outbox.relay.kafka.properties.sasl.jaas.config", "password=hunter2"));
    assertThat(settings.toString()).doesNotContain("s3cret").doesNotContain("hunter2");
    assertThatThrownBy(
            () ->
                load(
                    Map.of(
                        "outbox.relay.database.url",
                        "jdbc:postgresql://db/orders?user=relay&password=hunter2")))
        .hasMessageContaining("outbox.relay.database.url")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aMisspeltPasswordAndAUrlWithOneAreNotShown() {
    assertThatThrownBy(() -> load(Map.of("outbox.relay.database.pasword", "hunter2")))
        .hasMessageContaining("outbox.relay.database.pasword")
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(
            () ->
                load(
                    Map.of(
                        "outbox.relay.database.url",
                        "jdbc:postgresql://relay:hunter2@db:5432/orders")))
        .hasMessageContaining("outbox.relay.database.url")
        .hasMessageNotContaining("hunter2");
    assertThat(
            load(Map.of(
                    "outbox.relay.database.url",
                    "jdbc:postgresql://db:5432/orders?sslpassword=hunter2"))
                .database()
                .address())
        .isEqualTo("db:5432/orders");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgres://db/orders?password=hunter2",
        "jdbc:postgresql://db:port/orders?sslpassword=hunter2",
        "jdbc:postgresql://a,b/orders?sslpassword=hunter2",
        "jdbc:postgresql://db/orders&password=hunter2",
        "jdbc:postgresql://db/orders;password=hunter2"
      })
  void aUrlThatCannotBeUsedIsShownWithoutItsParameters(String url) {
    assertThatThrownBy(() -> load(Map.of("outbox.relay.database.url", url)))
        .hasMessageContaining("outbox.relay.database.url")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void eventsAndPositionNeedTopicsOfTheirOwn() {
    assertRefused(
        Map.of("outbox.relay.topic-template", "outbox.position.orders"),
        "outbox.relay.position-topic");
  }

  @Test
  void theConsoleNeedsNameAndPasswordOrNeither() {
    String name = "outbox.relay.console.username";
    String password = "outbox.relay.console.password";
    assertThat(load(Map.of()).console().hasOperator()).isFalse();
    RelaySettings settings = load(Map.of(name, "anna", password, "correct horse battery"));
    assertThat(settings.console().hasOperator()).isTrue();
    assertThat(settings.toString()).doesNotContain("correct horse");
    assertRefused(Map.of(name, "anna"), password);
    assertRefused(Map.of(password, "correct horse battery"), name);
    assertRefused(Map.of(name, "an:na", password, "correct horse battery"), name);
    assertRefused(Map.of(name, "anna", password, "hunter2"), password);
  }

  private static void assertRefused(Map<String, String> settings, String key) {
    assertThatThrownBy(() -> load(settings))
        .isInstanceOfSatisfying(
            InvalidSettingsException.class,
            e -> {
              assertThat(e.problems()).extracting(Problem::key).containsExactly(key);
              assertThat(e.problems().get(0).remedy()).isNotBlank();
              assertThat(e.getMessage()).doesNotContain("hunter2").doesNotContain("correct horse");
            });
  }

  private static RelaySettings load(Map<String, String> more) {
    Map<String, Object> properties = new HashMap<>(MANDATORY);
    properties.putAll(more);
    return SettingsLoader.load(TestSettings.environment(properties));
  }
}
