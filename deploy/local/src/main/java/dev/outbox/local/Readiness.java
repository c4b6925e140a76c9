package dev.outbox.local;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
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

  /** Whether a server shows this certificate to whoever connects by TLS. */
  static boolean presents(String address, X509Certificate certificate)
      throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustingAll()}, null);
    URI uri = URI.create("tcp://" + address);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(uri.getHost(), uri.getPort())) {
      socket.setSoTimeout(ANSWER_MILLIS);
      socket.startHandshake();
      return socket.getSession().getPeerCertificates()[0].equals(certificate);
    }
  }

  /** Bad certificates are looked at here, not trusted. */
  private static final class TrustingAll implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String how) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String how) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
