package dev.outbox.local;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL in a container of the official image or one that behaves alike. */
final class ContainerPostgres extends RestartableContainer implements PostgresServer {

  static final String IMAGE_PROPERTY = "outbox.stack.postgres-image";
  static final String IMAGE_VARIABLE = "POSTGRES_IMAGE";
  static final String DEFAULT_IMAGE = "postgres:18-alpine";

  ContainerPostgres() {
    super(container(), TcpPorts.free(), PostgreSQLContainer.POSTGRESQL_PORT);
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

  static PostgreSQLContainer container() {
    List<String> command = new ArrayList<>(List.of("postgres"));
    PostgresSettings.SHARED.forEach(
        (name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    return new PostgreSQLContainer(
            image(IMAGE_PROPERTY, IMAGE_VARIABLE, System.getenv(), DEFAULT_IMAGE, "postgres"))
        .withUsername("postgres")
        .withPassword("postgres")
        .withDatabaseName("postgres")
        .withEnv("POSTGRES_INITDB_ARGS", String.join(" ", PostgresSettings.INITDB))
        .withCommand(command.toArray(String[]::new))
        // Cuts connections; the usual SIGTERM would wait for clients to go.
        .withCreateContainerCmdModifier(create -> create.withStopSignal("SIGINT"));
  }
}
