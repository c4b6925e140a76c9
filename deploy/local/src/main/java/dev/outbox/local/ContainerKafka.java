package dev.outbox.local;

import com.github.dockerjava.api.command.InspectContainerResponse;
import java.util.Locale;
import org.testcontainers.kafka.KafkaContainer;

/** Kafka in a container of the image {@code apache/kafka} or one that behaves alike. */
final class ContainerKafka extends RestartableContainer implements KafkaServer {

  static final String IMAGE_PROPERTY = "outbox.stack.kafka-image";
  static final String IMAGE_VARIABLE = "KAFKA_IMAGE";
  static final String DEFAULT_IMAGE = "apache/kafka:4.3.1";
  private static final int CONTAINER_PORT = 9092;

  ContainerKafka() {
    this(TcpPorts.free());
  }

  private ContainerKafka(int port) {
    super(container(port), port, CONTAINER_PORT);
  }

  static KafkaServer started() {
    ContainerKafka server = new ContainerKafka();
    server.start();
    return server;
  }

  @Override
  public String bootstrapServers() {
    return host() + ":" + port();
  }

  @Override
  boolean isReady() throws Exception {
    return Readiness.serves(this);
  }

  static KafkaContainer container(int port) {
    KafkaContainer container = new ContainerOfKnownPort(port);
    KafkaSettings.SHARED.forEach(
        (name, value) -> container.withEnv(environmentVariable(name), value));
    return container
        .withEnv("KAFKA_HEAP_OPTS", String.join(" ", KafkaSettings.HEAP))
        .withCommand("/etc/kafka/docker/run");
  }

  private static String environmentVariable(String setting) {
    return "KAFKA_" + setting.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  /**
   * Testcontainers learns the port after the start and so runs the broker below a shell that waits
   * for it. As process 1, that shell ignores SIGTERM: the broker would be killed whenever it is to
   * be stopped. Where the port is known before, the broker can be process 1 itself.
   */
  private static final class ContainerOfKnownPort extends KafkaContainer {

    private final int port;

    ContainerOfKnownPort(int port) {
      super(image(IMAGE_PROPERTY, IMAGE_VARIABLE, System.getenv(), DEFAULT_IMAGE, "apache/kafka"));
      this.port = port;
    }

    @Override
    protected void configure() {
      super.configure();
      withEnv(
          "KAFKA_ADVERTISED_LISTENERS",
          "PLAINTEXT://%s:%d,BROKER://localhost:9093".formatted(getHost(), port));
    }

    @Override
    protected void containerIsStarting(InspectContainerResponse container) {
      // No script of Testcontainers to copy.
    }
  }
}
