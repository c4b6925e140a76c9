package dev.outbox.relay;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/relay}, with a copy of the packaged jar. */
@WithLocalStack
class LauncherIT {

  private static final Duration PATIENCE = Duration.ofSeconds(120);

  @TempDir private Path directory;

  @BeforeEach
  void copyJar() throws IOException {
    Files.copy(Path.of("target", "relay-service.jar"), directory.resolve("relay.jar"));
  }

  @Test
  void aRelayFromTheLauncherRelaysAndEndsOnTheSignal(PostgresServer postgres, KafkaServer kafka)
      throws IOException {
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        TopicReader topic = new TopicReader(kafka.bootstrapServers(), database.slot())) {
      List<String> settings = settings(database, kafka);
      assertThat(run("init", settings)).contains(database.slot());
      FileTime prepared = archived();
      try (ChildProcess relay = start("run", settings)) {
        String event = database.insert("Order", "1", "{}");
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 1);
        assertThat(topic.ids()).containsExactly(event);
        relay.terminate();
        assertThat(relay.output()).contains("Relay stopped").doesNotContain("archive");
      }
      // Prepared once
      assertThat(archived()).isEqualTo(prepared);
    }
  }

  @Test
  @Tag("long")
  void anotherJarInTheSamePlaceIsPreparedAnew() throws IOException {
    assertThat(run("--version", List.of())).contains("relay-service ");
    FileTime before = archived();
    Files.writeString(directory.resolve("relay").resolve("of-jar"), "another");
    assertThat(run("--version", List.of())).contains("relay-service ");
    assertThat(archived()).isGreaterThan(before);
  }

  private FileTime archived() throws IOException {
    return Files.getLastModifiedTime(directory.resolve("relay").resolve("classes.jsa"));
  }

  private static List<String> settings(OutboxDatabase database, KafkaServer kafka) {
    List<String> settings = new ArrayList<>(List.of("--server.port=" + TcpPorts.free()));
    TestSettings.properties(database, kafka.bootstrapServers(), Map.of())
        .forEach((key, value) -> settings.add("--" + key + "=" + value));
    return settings;
  }

  private String run(String command, List<String> settings) {
    try (ChildProcess process = start(command, settings)) {
      assertThat(process.awaitExit(PATIENCE)).as(process.output()).isZero();
      return process.output();
    }
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
