package dev.outbox.connect;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.documents.Documents;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A distributed worker whose class path has Kafka Connect and nothing of the relay's, which it
 * loads from the packaged plugin.
 */
final class ConnectWorker implements AutoCloseable {

  private static final Path MODULE = Documents.root().resolve("deploy/kafka-connect");

  /** What only the plugin may bring. */
  private static final List<String> OF_THE_PLUGIN =
      List.of(
          "/dev/outbox/",
          "relay-service",
          "kafka-connect/target",
          "/org/springframework/",
          "/io/debezium/",
          "/io/micrometer/",
          "/io/github/resilience4j/",
          "/org/postgresql/",
          "/tools/jackson/");

  private final ChildProcess process;
  private final int port;

  private ConnectWorker(ChildProcess process, int port) {
    this.process = process;
    this.port = port;
  }

  static ConnectWorker start(String bootstrapServers, String group) {
    int port = TcpPorts.free();
    Path settings = write(settings(bootstrapServers, group, port));
    ChildProcess process =
        ChildProcess.java()
            .jvmArguments(
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlogback.configurationFile="
                    + MODULE.resolve("src/test/resources/logback-worker.xml"))
            .mainClass("org.apache.kafka.connect.cli.ConnectDistributed", classPath())
            .arguments(settings.toString())
            .output(MODULE.resolve("target/worker-" + port + ".log"))
            .start();
    return new ConnectWorker(process, port);
  }

  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> OF_THE_PLUGIN.stream().noneMatch(entry::contains))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static Map<String, String> settings(String bootstrapServers, String group, int port) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("bootstrap.servers", bootstrapServers);
    settings.put("group.id", group);
    settings.put("listeners", "http://127.0.0.1:" + port);
    settings.put("rest.advertised.host.name", "127.0.0.1");
    for (String storage : List.of("config", "offset", "status")) {
      settings.put(storage + ".storage.topic", group + "-" + storage);
      settings.put(storage + ".storage.replication.factor", "1");
    }
    settings.put("offset.storage.partitions", "1");
    settings.put("status.storage.partitions", "1");
    settings.put("key.converter", "org.apache.kafka.connect.json.JsonConverter");
    settings.put("value.converter", "org.apache.kafka.connect.json.JsonConverter");
    settings.put("plugin.path", MODULE.resolve("target/outbox-relay-connect").toString());
    settings.put("plugin.discovery", "service_load");
    settings.put("exactly.once.source.support", "enabled");
    settings.put("offset.flush.interval.ms", "500");
    // What a killed worker leaves is taken over at once and not after five minutes.
    settings.put("scheduled.rebalance.max.delay.ms", "0");
    // A stop is no kill, also where others use the processor.
    settings.put("task.shutdown.graceful.timeout.ms", "60000");
    settings.put("session.timeout.ms", "6000");
    settings.put("heartbeat.interval.ms", "1000");
    return settings;
  }

  private static Path write(Map<String, String> settings) {
    try {
      Path file = Files.createTempFile(MODULE.resolve("target"), "worker", ".properties");
      Files.writeString(
          file,
          settings.entrySet().stream()
              .map(setting -> setting.getKey() + "=" + setting.getValue())
              .collect(Collectors.joining("\n")));
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ChildProcess process() {
    return process;
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  /** As the status of tasks names it. */
  String id() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.close();
  }
}
