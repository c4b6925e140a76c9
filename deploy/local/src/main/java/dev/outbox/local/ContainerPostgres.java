package dev.outbox.local;

import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** PostgreSQL in a container. */
final class ContainerPostgres implements PostgresServer {

  private static final String IMAGE_PROPERTY = "outbox.stack.postgres-image";
  private static final String DEFAULT_IMAGE = "postgres:18-alpine";

  private final int port = TcpPorts.free();
  private final RestartableContainer container;

  // The container's life is this object's, and close() ends it.
  @SuppressWarnings("resource")
  ContainerPostgres() {
    DockerImageName image =
        DockerImageName.parse(System.getProperty(IMAGE_PROPERTY, DEFAULT_IMAGE))
            .asCompatibleSubstituteFor("postgres");
    PostgreSQLContainer postgres =
        new PostgreSQLContainer(image)
            .withUsername(username())
            .withPassword(password())
            .withDatabaseName("postgres")
            .withCommand(
                "postgres",
                "-c",
                "wal_level=logical",
                "-c",
                "max_replication_slots=20",
                "-c",
                "max_wal_senders=20",
                "-c",
                "max_connections=200");
    container =
        new RestartableContainer(
            postgres, port, PostgreSQLContainer.POSTGRESQL_PORT, () -> Readiness.accepts(this));
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public String host() {
    return container.host();
  }

  static PostgresServer started() {
    ContainerPostgres server = new ContainerPostgres();
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
