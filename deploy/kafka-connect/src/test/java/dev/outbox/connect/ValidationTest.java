package dev.outbox.connect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.documents.Documents;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code PUT /connector-plugins/…/config/validate} asks, without a worker around it. */
@WithLocalStack
class ValidationTest {

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
  }

  @Test
  void whatIsInPlaceIsFoundToBe() {
    Outboxes.install(database, Map.of());
    assertThat(errors(settings(Map.of("auto-init", "false")))).isEmpty();
    assertThat(errors(ConnectorSettingsOf.exactlyOnce(database, kafka, Map.of()))).isEmpty();
  }

  @Test
  void nothingIsMadeOrWrittenDown() {
    assertThat(errors(settings(Map.of("auto-init", "true")))).isEmpty();
    assertThat(database.query("select count(*) from outbox_relay")).isEqualTo("0");
    assertThat(
            database.query(
                "select count(*) from pg_replication_slots where slot_name = '%s'"
                    .formatted(database.slot())))
        .isEqualTo("0");
  }

  @Test
  void aWrongPasswordIsTheDatabasePassword() {
    assertOnly(settings(Map.of("database.password", "wrong")), "database.password", "refuses role");
  }

  @Test
  void aServerThatIsNotThereIsTheUrl() {
    assertOnly(
        settings(Map.of("database.url", "jdbc:postgresql://localhost:1/none")),
        "database.url",
        "cannot be reached");
  }

  @Test
  void aMissingTableIsTheTable() {
    assertThat(errors(settings(Map.of("table", "public.elsewhere"))))
        .anySatisfy(
            error ->
                assertThat(error)
                    .startsWith("outbox.relay.table: Table public.elsewhere does not exist.")
                    .contains("Remedy: "));
  }

  @Test
  void eachShardNeedsATask() {
    Map<String, String> settings = settings(Map.of("shards", "4", "auto-init", "true"));
    assertThat(errors(settings)).isEmpty();
    settings.put("tasks.max", "3");
    assertThat(errors(settings))
        .singleElement()
        .asString()
        .startsWith("tasks.max: fewer than shards")
        .contains("tasks.max=4 or more");
  }

  @Test
  void whatIsWrongWithOneShardIsFound() {
    Outboxes.install(database, Map.of("shards", "2"));
    Map<String, String> settings = settings(Map.of("shards", "2", "on-gap", "refuse"));
    assertThat(errors(settings)).isEmpty();
    database.execute("select pg_drop_replication_slot('%s_2of2')".formatted(database.slot()));
    assertOnly(settings, "slot", "_2of2' is gone, although it was made before");
  }

  @Test
  void anotherNumberOfShardsIsRefused() {
    Outboxes.install(database, Map.of("shards", "2"));
    assertThat(errors(settings(Map.of("shards", "3", "auto-init", "true"))))
        .singleElement()
        .asString()
        .startsWith("outbox.relay.shards: ");
  }

  @Test
  void whatWasNeverInitialisedIsAutoInit() {
    assertOnly(settings(Map.of("auto-init", "false")), "auto-init", "was never made");
  }

  @Test
  void aSlotThatIsGoneIsTheSlotUnlessTheRelayMakesItAnew() {
    Outboxes.install(database, Map.of());
    database.dropSlot();
    assertOnly(
        settings(Map.of("on-gap", "refuse")), "slot", "is gone, although it was made before");
    assertThat(errors(settings(Map.of("on-gap", "recover")))).isEmpty();
    // And it is not remembered as a gap because somebody has asked
    assertThat(database.query("select count(*) from outbox_relay where gap is not null"))
        .isEqualTo("0");
  }

  @Test
  void aPublicationThatWasChangedIsThePublication() {
    Outboxes.install(database, Map.of());
    database.execute("alter publication %s set (publish = 'delete')".formatted(database.slot()));
    assertOnly(settings(Map.of("on-gap", "refuse")), "publication", "is not the relay's");
  }

  @Test
  @Tag("slow") // for the ten seconds that brokers are given
  void brokersThatAreNotThereAreTheBootstrapServers() {
    assertOnly(
        settings(Map.of("kafka.bootstrap-servers", "localhost:1")),
        "kafka.bootstrap-servers",
        "No Kafka broker answers");
  }

  @Test
  void everySettingThatCannotBeUsedIsToldAtOnce() {
    Map<String, String> settings = settings(Map.of("slot", "No Slot", "retentoin", "1d"));
    assertThat(errors(settings)).anyMatch(error -> error.startsWith("outbox.relay.retentoin: "));
    settings.put("outbox.relay.engine", "debezium");
    settings.remove("outbox.relay.retentoin");
    settings.put("outbox.relay.in-flight-limit", "1B");
    settings.put("key.converter", "org.apache.kafka.connect.json.JsonConverter");
    settings.remove("header.converter");
    settings.put("errors.tolerance", "all");
    settings.put("producer.override.acks", "1");
    settings.put("producer.override.compression.type", "zstd");
    settings.put("outbox.relay.console.username", "ops");
    assertThat(errors(settings).stream().map(error -> error.substring(0, error.indexOf(':'))))
        .containsExactlyInAnyOrder(
            "outbox.relay.slot",
            "outbox.relay.engine",
            "outbox.relay.in-flight-limit",
            "key.converter",
            "header.converter",
            "errors.tolerance",
            "producer.override.acks",
            "outbox.relay.console.username");
  }

  @Test
  void exactlyOnceNeedsTheWorkersTransactions() {
    Map<String, String> settings = settings(Map.of("delivery", "exactly-once"));
    assertThat(errors(settings))
        .hasSize(2)
        .anyMatch(error -> error.startsWith("exactly.once.support: "))
        .anyMatch(error -> error.startsWith("transaction.boundary: "));
  }

  @Test
  void everySettingOfTheRelayIsExplainedWithTheRelaysDefault() {
    ConfigDef definition = new OutboxSourceConnector().config();
    assertThat(definition.names())
        .contains("outbox.relay.name", "outbox.relay.engine", "outbox.relay.parking.limit")
        .noneMatch(name -> name.contains("console") || name.contains("position-topic"));
    assertThat(definition.configKeys().values())
        .allSatisfy(key -> assertThat(key.documentation).isNotBlank().doesNotContain("{@"));
    assertThat(definition.defaultValues())
        .containsEntry("outbox.relay.retention", "7d")
        .containsEntry("outbox.relay.engine", "pgoutput")
        .containsEntry("outbox.relay.topic-template", "outbox.event.{aggregatetype}")
        .doesNotContainKey("outbox.relay.database.url");
  }

  @Test
  void theExampleCanBeUsed() throws Exception {
    JsonNode example =
        new JsonMapper()
            .readTree(Documents.root().resolve("deploy/kafka-connect/example/outbox.json"));
    Map<String, String> settings = new HashMap<>();
    example.propertyStream().forEach(one -> settings.put(one.getKey(), one.getValue().asString()));
    // But for the places, which are the reader's
    TestSettings.properties(database, kafka.bootstrapServers(), Map.of())
        .forEach(
            (name, value) -> {
              if (name.contains(".database.") || name.contains(".bootstrap-servers")) {
                assertThat(settings).containsKey(name);
                settings.put(name, value);
              }
            });
    assertThat(errors(settings)).isEmpty();
  }

  private Map<String, String> settings(Map<String, String> more) {
    return ConnectorSettingsOf.database(database, kafka, more);
  }

  private static void assertOnly(Map<String, String> settings, String setting, String words) {
    assertThat(errors(settings))
        .singleElement()
        .asString()
        .startsWith("outbox.relay." + setting + ": ")
        .contains(words)
        .contains("Remedy: ");
  }

  /** Each as setting and message. */
  private static List<String> errors(Map<String, String> settings) {
    return new OutboxSourceConnector()
        .validate(settings).configValues().stream().flatMap(ValidationTest::messages).toList();
  }

  private static Stream<String> messages(ConfigValue value) {
    return value.errorMessages().stream().map(message -> value.name() + ": " + message);
  }
}
