package dev.outbox.local;

import static java.util.Map.entry;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;
import org.jspecify.annotations.Nullable;

/** The settings and the storage of a node. */
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

  private static final int FIRST_NODE_ID = 1;
  private static final String CONTROLLER = "CONTROLLER";

  /** The listener of brokers and of clients that nothing stands in the way of. */
  private static final String PLAINTEXT = "PLAINTEXT";

  /** What the names of listeners begin with that a {@link FaultProxy} stands before. */
  static final String PROXIED = "PROXIED";

  /** The listener whose clients may do what access lists grant. */
  static final String RESTRICTED = "RESTRICTED";

  private final Path directory;
  private final Map<String, Listener> listeners = new LinkedHashMap<>();
  private final int nodeId;
  private final @Nullable KafkaSettings controller;
  private final Properties properties = new Properties();

  /** How and where the broker listens, and where it tells clients that it does. */
  private record Listener(String protocol, int port, int advertisedPort) {}

  private KafkaSettings(Path directory, int nodeId, int port, @Nullable KafkaSettings controller) {
    this.directory = directory;
    this.nodeId = nodeId;
    this.controller = controller;
    listen(PLAINTEXT, port, port);
    set("node.id", "" + nodeId);
    set("controller.listener.names", CONTROLLER);
    set("log.dirs", logDirectory());
    SHARED.forEach(this::set);
  }

  /** A node that is broker and controller in one. */
  static KafkaSettings single(Path directory, int port) {
    KafkaSettings settings = new KafkaSettings(directory, FIRST_NODE_ID, port, null);
    int controllerPort = TcpPorts.free();
    settings.listen(CONTROLLER, controllerPort, controllerPort);
    settings.set("process.roles", "broker,controller");
    settings.set("controller.quorum.voters", FIRST_NODE_ID + "@localhost:" + controllerPort);
    return settings;
  }

  /** One more broker of the cluster of a single node. */
  static KafkaSettings joining(KafkaSettings controller, Path directory, int port) {
    KafkaSettings settings = new KafkaSettings(directory, FIRST_NODE_ID + 1, port, controller);
    settings.set("process.roles", "broker");
    settings.set("controller.quorum.voters", controller.get("controller.quorum.voters"));
    return settings;
  }

  /** Makes the broker listen there, from the next start on. */
  void moveTo(int port) {
    listen(PLAINTEXT, port, port);
  }

  /** Adds a listener, or moves it. */
  void listen(String name, int port, int advertisedPort) {
    listeners.put(name, new Listener(PLAINTEXT, port, advertisedPort));
  }

  /** Adds a listener for clients that come by TLS. */
  void listen(TlsListener listener, int port) {
    listeners.put(listener.name(), new Listener(listener.protocol(), port, port));
    listener.settings(directory).forEach(this::set);
  }

  String nodeId() {
    return "" + nodeId;
  }

  void set(String name, String value) {
    properties.setProperty(name, value);
  }

  private String get(String name) {
    return properties.getProperty(name, "");
  }

  Properties properties() {
    Properties all = new Properties();
    // A broker alone must know the controller's protocol too.
    all.setProperty(
        "listener.security.protocol.map",
        CONTROLLER
            + ":PLAINTEXT,"
            + eachListener(
                (name, it) -> name.equals(CONTROLLER) ? "" : name + ":" + it.protocol()));
    all.setProperty(
        "listeners", eachListener((name, it) -> "%s://localhost:%d".formatted(name, it.port())));
    all.setProperty(
        "advertised.listeners",
        eachListener(
            (name, it) ->
                name.equals(CONTROLLER)
                    ? ""
                    : "%s://localhost:%d".formatted(name, it.advertisedPort())));
    all.putAll(properties);
    return all;
  }

  private String eachListener(BiFunction<String, Listener, String> words) {
    return listeners.entrySet().stream()
        .map(entry -> words.apply(entry.getKey(), entry.getValue()))
        .filter(word -> !word.isEmpty())
        .collect(Collectors.joining(","));
  }

  /** Writes the settings where another process can read them. */
  Path write() {
    Path file = directory.resolve("server.properties");
    try (Writer writer = Files.newBufferedWriter(file)) {
      properties().store(writer, null);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  /** Prepares the storage, once. */
  void formatStorage() {
    if (Files.exists(metaProperties())) {
      return;
    }
    try {
      new Formatter()
          .setClusterId(
              controller == null ? Uuid.randomUuid().toString() : controller.formattedClusterId())
          .setNodeId(nodeId)
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

  private String formattedClusterId() throws IOException {
    try (Reader reader = Files.newBufferedReader(metaProperties())) {
      Properties formatted = new Properties();
      formatted.load(reader);
      return formatted.getProperty("cluster.id", "");
    }
  }

  private Path metaProperties() {
    return Path.of(logDirectory(), "meta.properties");
  }

  private String logDirectory() {
    return directory.resolve("data").toString();
  }
}
