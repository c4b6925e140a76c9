package dev.outbox.local;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A Kafka broker of this machine, a single node in KRaft mode, in a process of its own (which can
 * be killed) or inside this JVM.
 */
public final class LocalKafka implements KafkaServer {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final DataDirectory directory;
  private final int port;
  private final KafkaSettings settings;
  private final Broker broker;

  private LocalKafka(Builder builder) {
    this.directory = builder.directory("outbox-kafka-");
    this.port = builder.port();
    this.settings = new KafkaSettings(directory.path(), port, TcpPorts.free());
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
    directory.deleteIfTemporary();
  }

  /** What kind of broker; see {@link ServerBuilder} too. */
  public static final class Builder extends ServerBuilder<LocalKafka, Builder> {

    private boolean inProcess;
    private final List<String> jvmArguments = new ArrayList<>(KafkaSettings.HEAP);

    private Builder() {}

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

    @Override
    public LocalKafka build() {
      return new LocalKafka(this);
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
