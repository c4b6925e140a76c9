package dev.outbox.local;

import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/** Kafka in a container. */
final class ContainerKafka implements KafkaServer {

  private static final String IMAGE_PROPERTY = "outbox.stack.kafka-image";
  private static final String DEFAULT_IMAGE = "apache/kafka:4.3.1";
  private static final int CONTAINER_PORT = 9092;

  private final int port = TcpPorts.free();
  private final RestartableContainer container;

  // The container's life is this object's, and close() ends it.
  @SuppressWarnings("resource")
  ContainerKafka() {
    DockerImageName image =
        DockerImageName.parse(System.getProperty(IMAGE_PROPERTY, DEFAULT_IMAGE))
            .asCompatibleSubstituteFor("apache/kafka");
    KafkaContainer kafka =
        new KafkaContainer(image)
            .withEnv("KAFKA_NUM_PARTITIONS", "3")
            .withEnv("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0");
    container = new RestartableContainer(kafka, port, CONTAINER_PORT, () -> Readiness.serves(this));
  }

  @Override
  public String bootstrapServers() {
    return container.host() + ":" + port;
  }

  static KafkaServer started() {
    ContainerKafka server = new ContainerKafka();
    server.start();
    return server;
  }

  @Override
  public void start() {
    container.start();
  }

  @Override
  public void stop() {
    container.stop();
  }

  @Override
  public void kill() {
    container.kill();
  }

  @Override
  public void close() {
    container.close();
  }
}
