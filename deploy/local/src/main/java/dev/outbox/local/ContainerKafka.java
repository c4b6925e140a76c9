package dev.outbox.local;

import org.testcontainers.containers.GenericContainer;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/** Kafka in a container. */
final class ContainerKafka extends RestartableContainer implements KafkaServer {

  private static final String IMAGE_PROPERTY = "outbox.stack.kafka-image";
  private static final String DEFAULT_IMAGE = "apache/kafka:4.3.1";
  private static final int CONTAINER_PORT = 9092;

  ContainerKafka() {
    super(container(), CONTAINER_PORT);
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

  private static GenericContainer<?> container() {
    DockerImageName image =
        DockerImageName.parse(System.getProperty(IMAGE_PROPERTY, DEFAULT_IMAGE))
            .asCompatibleSubstituteFor("apache/kafka");
    return new KafkaContainer(image)
        .withEnv("KAFKA_NUM_PARTITIONS", "3")
        .withEnv("KAFKA_BROKER_SESSION_TIMEOUT_MS", "3000")
        .withEnv("KAFKA_BROKER_HEARTBEAT_INTERVAL_MS", "500")
        .withEnv("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0");
  }
}
