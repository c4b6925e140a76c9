package dev.outbox.local;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/** Whether a server can be used by its clients now. An exception means: not yet. */
final class Readiness {

  private static final int ANSWER_SECONDS = 5;
  private static final int ANSWER_MILLIS = ANSWER_SECONDS * 1_000;
  private static final int DROPPED_WITHIN_MILLIS = 20;

  private Readiness() {}

  static boolean accepts(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres")) {
      return connection.isValid(ANSWER_SECONDS);
    }
  }

  static boolean serves(KafkaServer server) throws Exception {
    // First the port alone, since the admin client logs a warning for every refused connection.
    if (!isOpen(server.bootstrapServers())) {
      return false;
    }
    // The port opens some time before the controller lets the broker serve.
    try (Admin admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                server.bootstrapServers(),
                // Closing the client waits for the answer too.
                "request.timeout.ms",
                ANSWER_MILLIS,
                "default.api.timeout.ms",
                ANSWER_MILLIS))) {
      return !admin.describeCluster().nodes().get(ANSWER_SECONDS, TimeUnit.SECONDS).isEmpty();
    }
  }

  /** Docker accepts connections to a container's port before the server does, and drops them. */
  static boolean isOpen(String address) throws IOException {
    URI uri = URI.create("tcp://" + address);
    try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
      socket.setSoTimeout(DROPPED_WITHIN_MILLIS);
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException stillOpen) {
      return true;
    }
  }
}
