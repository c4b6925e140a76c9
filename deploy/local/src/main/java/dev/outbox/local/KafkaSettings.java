package dev.outbox.local;

import static java.util.Map.entry;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;

/** The settings and the storage of a single node that is broker and controller in one. */
final class KafkaSettings {

  /** What a broker of either kind of stack has in common, as in its configuration file. */
  static final Map<String, String> SHARED =
      Map.ofEntries(
          entry("auto.create.topics.enable", "true"),
          entry("num.partitions", "3"),
          entry("default.replication.factor", "1"),
          entry("offsets.topic.replication.factor", "1"),
          entry("offsets.topic.num.partitions", "4"),
          entry("transaction.state.log.replication.factor", "1"),
          entry("transaction.state.log.min.isr", "1"),
          entry("transaction.state.log.num.partitions", "4"),
          entry("share.coordinator.state.topic.replication.factor", "1"),
          entry("share.coordinator.state.topic.min.isr", "1"),
          entry("share.coordinator.state.topic.num.partitions", "1"),
          entry("group.initial.rebalance.delay.ms", "0"),
          // A killed broker may not come back before its session has ended, 9 seconds by default.
          entry("broker.session.timeout.ms", "3000"),
          entry("broker.heartbeat.interval.ms", "500"),
          // 128 MB by default, taken at start whether or not anything is compacted.
          entry("log.cleaner.dedupe.buffer.size", "4194304"));

  /** Arguments of the broker's JVM. */
  static final List<String> HEAP = List.of("-Xms64m", "-Xmx512m");

  private static final String NODE_ID = "1";
  private static final String CONTROLLER = "CONTROLLER";

  private final Path directory;
  private final Properties properties = new Properties();

  KafkaSettings(Path directory, int port, int controllerPort) {
    this.directory = directory;
    set("node.id", NODE_ID);
    set("process.roles", "broker,controller");
    set(
        "listeners",
        "PLAINTEXT://localhost:%d,CONTROLLER://localhost:%d".formatted(port, controllerPort));
    set("advertised.listeners", "PLAINTEXT://localhost:" + port);
    set("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    set("controller.listener.names", CONTROLLER);
    set("controller.quorum.voters", NODE_ID + "@localhost:" + controllerPort);
    set("log.dirs", logDirectory());

    SHARED.forEach(this::set);
  }

  void set(String name, String value) {
    properties.setProperty(name, value);
  }

  Properties properties() {
    Properties copy = new Properties();
    copy.putAll(properties);
    return copy;
  }

  /** Writes the settings where another process can read them. */
  Path write() {
    Path file = directory.resolve("server.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties.store(writer, null);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  /** Prepares the storage, once. */
  void formatStorage() {
    if (Files.exists(Path.of(logDirectory(), "meta.properties"))) {
      return;
    }
    try {
      new Formatter()
          .setClusterId(Uuid.randomUuid().toString())
          .setNodeId(Integer.parseInt(NODE_ID))
          .setControllerListenerName(CONTROLLER)
          .setMetadataLogDirectory(logDirectory())
          .addDirectory(logDirectory())
          .setPrintStream(
              new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8))
          .run();
    } catch (Exception e) {
      throw new LocalStackException("Cannot format Kafka's storage in " + directory, e);
    }
  }

  private String logDirectory() {
    return directory.resolve("data").toString();
  }
}
