package dev.outbox.local;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker of this machine, a single node in KRaft mode, in a process of its own (which can
 * be killed) or inside this JVM.
 */
public final class LocalKafka implements KafkaServer {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final @Nullable Path namedDirectory;
  private final Path directory;
  private final int port;
  private final KafkaSettings settings;
  private final Broker broker;

  private LocalKafka(Builder builder) {
    this.namedDirectory = builder.dataDirectory;
    this.directory =
        namedDirectory == null
            ? Directories.temporary("outbox-kafka-")
            : Directories.ensure(namedDirectory);
    this.port = builder.port == 0 ? TcpPorts.free() : builder.port;
    this.settings = new KafkaSettings(directory, port, TcpPorts.free());
    builder.settings.forEach(settings::set);
    this.broker =
        builder.inProcess
            ? new BrokerInThisJvm(settings)
            : new BrokerInOwnProcess(settings, builder.jvmArguments, logFile());
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String bootstrapServers() {
    return "localhost:" + port;
  }

  /** The file with the output of a broker in its own process. */
  public Path logFile() {
    return directory.resolve("kafka.log");
  }

  @Override
  public void start() {
    if (broker.isRunning()) {
      return;
    }
    settings.formatStorage();
    try {
      broker.start();
      Waiting.until(
          "Kafka on port " + port, PATIENCE, broker::endedWithin, () -> Readiness.serves(this));
    } catch (LocalStackException e) {
      String words = broker.lastWords();
      broker.stop();
      throw new LocalStackException(
          "Kafka does not start in %s: %s. %s".formatted(directory, e.getMessage(), words), e);
    }
  }

  @Override
  public void stop() {
    broker.stop();
  }

  @Override
  public void kill() {
    broker.kill();
  }

  @Override
  public void close() {
    broker.stop();
    if (namedDirectory == null) {
      Directories.delete(directory);
    }
  }

  /** What kind of broker. */
  public static final class Builder {

    private int port;
    private @Nullable Path dataDirectory;
    private boolean inProcess;
    private final List<String> jvmArguments = new ArrayList<>(List.of("-Xms64m", "-Xmx512m"));
    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {}

    /** Where data and log lie; they stay there after {@link #close}. Temporary when not called. */
    public Builder dataDirectory(Path directory) {
      dataDirectory = directory;
      return this;
    }

    /** The port; a free one when not called. */
    public Builder port(int number) {
      port = number;
      return this;
    }

    /** A broker setting, as in {@code server.properties}, such as {@code num.partitions}. */
    public Builder setting(String name, String value) {
      settings.put(name, value);
      return this;
    }

    /** Runs the broker inside this JVM; {@link LocalKafka#kill} is not possible then. */
    public Builder inProcess() {
      inProcess = true;
      return this;
    }

    /** Runs the broker in a Java process of its own, with this JVM's class path: the default. */
    public Builder ownProcess() {
      inProcess = false;
      return this;
    }

    /** Arguments for the JVM of {@link #ownProcess()}, after the default {@code -Xmx512m}. */
    public Builder jvmArguments(String... more) {
      jvmArguments.addAll(List.of(more));
      return this;
    }

    /** The broker, not yet started. */
    public LocalKafka build() {
      return new LocalKafka(this);
    }

    /** The broker, started. */
    public LocalKafka start() {
      LocalKafka server = build();
      try {
        server.start();
        return server;
      } catch (RuntimeException e) {
        server.close();
        throw e;
      }
    }
  }
}
