package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class LocalStackApplicationTest {

  private static final Duration LIMIT = Duration.ofMinutes(2);

  @Test
  void runsBothServersOnTheGivenPortsUntilItIsEnded(@TempDir Path directory) throws SQLException {
    int postgresPort = TcpPorts.free();
    int kafkaPort = TcpPorts.free();
    String url = "jdbc:postgresql://localhost:" + postgresPort + "/postgres";
    try (ChildProcess application =
        start(
            "--data",
            directory.toString(),
            "--postgres-version",
            "17",
            "--postgres-port",
            "" + postgresPort,
            "--kafka-port",
            "" + kafkaPort)) {
      application.awaitOutput("Ready", LIMIT);

      assertThat(application.output()).contains(url, "localhost:" + kafkaPort);
      try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres")) {
        assertThat(connection.getMetaData().getDatabaseMajorVersion()).isEqualTo(17);
      }

      application.terminate();
      assertThatThrownBy(() -> DriverManager.getConnection(url, "postgres", "postgres"))
          .isInstanceOf(SQLException.class);
      assertThat(directory.resolve("postgres")).isDirectoryContaining("glob:**data");
      assertThat(directory.resolve("kafka")).isDirectoryContaining("glob:**data");
    }
  }

  @Test
  void anUnknownOptionIsRefusedByName() {
    try (ChildProcess application = start("--redis-port", "1")) {
      assertThat(application.awaitExit(LIMIT)).isEqualTo(2);
      assertThat(application.output()).contains("Unknown option --redis-port", "--kafka-port");
    }
  }

  private static ChildProcess start(String... options) {
    return ChildProcess.java()
        .mainClass(LocalStackApplication.class.getName())
        .arguments(options)
        .start();
  }
}
