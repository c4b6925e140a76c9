package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** What Docker would be told, for which no Docker is needed. */
class ContainerSettingsTest {

  private static final String IMAGE_PROPERTY = "outbox.stack.some-image";

  @Test
  void postgresGetsTheSettingsThatTheProcessGets() {
    try (PostgreSQLContainer container = ContainerPostgres.container()) {
      List<String> command = List.of(container.getCommandParts());
      assertThat(command).startsWith("postgres", "-c");
      PostgresSettings.SHARED.forEach(
          (name, value) -> assertThat(command).contains(name + "=" + value));
      assertThat(container.getEnvMap())
          .containsEntry("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C");
    }
  }

  @Test
  void kafkaGetsTheSettingsThatTheProcessGets() {
    try (KafkaContainer container = ContainerKafka.container(20_000)) {
      assertThat(container.getEnvMap())
          .containsEntry("KAFKA_BROKER_SESSION_TIMEOUT_MS", "3000")
          .containsEntry("KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS", "4")
          .containsEntry("KAFKA_HEAP_OPTS", "-Xms64m -Xmx512m")
          .containsAllEntriesOf(
              Map.of(
                  "KAFKA_NUM_PARTITIONS",
                  "3",
                  "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS",
                  "4",
                  "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
                  "1"));
    }
  }

  @Test
  void kafkaIsTheFirstProcessOfItsContainerSoThatItHearsTheWishToStop() {
    try (KafkaContainer container = ContainerKafka.container(20_000)) {
      assertThat(container.getCommandParts()).containsExactly("/etc/kafka/docker/run");
    }
  }

  @Test
  void theImageIsTheOfficialOneUnlessAPropertyOrTheEnvironmentNamesAnother() {
    Map<String, String> environment = Map.of("SOME_IMAGE", "registry.example/ours:1");
    assertThat(image(Map.of()).asCanonicalNameString()).isEqualTo("postgres:18");
    assertThat(image(environment).asCanonicalNameString()).isEqualTo("registry.example/ours:1");
    System.setProperty(IMAGE_PROPERTY, "registry.example/mine:1");
    try {
      DockerImageName image = image(environment);
      assertThat(image.asCanonicalNameString()).isEqualTo("registry.example/mine:1");
      image.assertCompatibleWith(DockerImageName.parse("postgres"));
    } finally {
      System.clearProperty(IMAGE_PROPERTY);
    }
  }

  private static DockerImageName image(Map<String, String> environment) {
    return RestartableContainer.image(
        IMAGE_PROPERTY, "SOME_IMAGE", environment, "postgres:18", "postgres");
  }
}
