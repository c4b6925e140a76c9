package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/relay}, with a copy of the packaged jar. */
@WithLocalStack
@Tag("slow")
class LauncherIT {

  @TempDir private Path directory;

  @BeforeEach
  void copyJar() throws IOException {
    Files.copy(Path.of("target", "relay-service.jar"), directory.resolve("relay.jar"));
  }

  @Test
  void aRelayFromTheLauncherRelaysAndEndsOnTheSignal(PostgresServer postgres, KafkaServer kafka)
      throws IOException {
    // Given two that begin at once, where nothing is prepared
    try (ChildProcess first = start("--version", List.of());
        ChildProcess second = start("--help", List.of())) {
      assertThat(first.awaitExit(PATIENCE)).as(first.output()).isZero();
      assertThat(second.awaitExit(PATIENCE)).as(second.output()).isZero();
      assertThat(first.output()).containsOnlyOnce("relay-service ");
    }
    FileTime prepared = archived();
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        TopicReader topic = new TopicReader(kafka.bootstrapServers(), database.slot());
        ChildProcess relay = start("run", settings(database, kafka))) {
      await().atMost(PATIENCE).until(() -> relay.output().contains("Leading"));
      String event = database.insert("Order", "1", "{}");
      await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 1);
      assertThat(topic.ids()).containsExactly(event);
      relay.terminate();
      assertThat(relay.output()).contains("Relay stopped").doesNotContain("archive");
    }
    // Then it was prepared once
    assertThat(archived()).isEqualTo(prepared);
  }

  private FileTime archived() throws IOException {
    try (Stream<Path> files =
        Files.find(directory, 3, (file, is) -> file.endsWith("classes.jsa"))) {
      return Files.getLastModifiedTime(files.toList().get(0));
    }
  }

  private static List<String> settings(OutboxDatabase database, KafkaServer kafka) {
    List<String> settings = new ArrayList<>(List.of("--server.port=" + TcpPorts.free()));
    TestSettings.properties(database, kafka.bootstrapServers(), Map.of())
        .forEach((key, value) -> settings.add("--" + key + "=" + value));
    return settings;
  }

  private ChildProcess start(String command, List<String> settings) {
    List<String> program =
        new ArrayList<>(List.of("bash", Path.of("..", "deploy", "relay").toString(), command));
    program.addAll(settings);
    return ChildProcess.start(
        program,
        Map.of("RELAY_JAR", directory.resolve("relay.jar").toString()),
        "TERM",
        directory.resolve(command + ".log"));
  }
}
