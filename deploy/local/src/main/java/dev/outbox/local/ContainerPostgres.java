package dev.outbox.local;

import java.sql.SQLException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/** PostgreSQL in a container. */
final class ContainerPostgres extends RestartableContainer implements PostgresServer {

  private static final String IMAGE_PROPERTY = "outbox.stack.postgres-image";
  private static final String DEFAULT_IMAGE = "postgres:18-alpine";

  ContainerPostgres() {
    super(container(), PostgreSQLContainer.POSTGRESQL_PORT);
  }

  static PostgresServer started() {
    ContainerPostgres server = new ContainerPostgres();
    server.start();
    return server;
  }

  @Override
  boolean isReady() throws SQLException {
    return Readiness.accepts(this);
  }

  private static GenericContainer<?> container() {
    DockerImageName image =
        DockerImageName.parse(System.getProperty(IMAGE_PROPERTY, DEFAULT_IMAGE))
            .asCompatibleSubstituteFor("postgres");
    return new PostgreSQLContainer(image)
        .withUsername("postgres")
        .withPassword("postgres")
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
  }
}
