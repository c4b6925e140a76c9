package dev.outbox.local;

import dev.outbox.local.tls.CertificateAuthority;
import dev.outbox.local.tls.Identity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a PostgreSQL server needs to be reached by TLS: its certificate, and the rule that nobody
 * but its superuser and members of the role {@value #PLAIN}, if there is one, comes without.
 */
final class PostgresEncryption {

  private static final String PLAIN = "unencrypted";
  private static final String CERTIFICATE = "server.crt";
  private static final String KEY = "server.key";
  private static final String CLIENTS = "clients.crt";

  private final @Nullable CertificateAuthority clients;
  private volatile Identity server;

  /**
   * @param clients who has to have signed the certificates of clients; null for none asked for
   */
  PostgresEncryption(Identity server, @Nullable CertificateAuthority clients) {
    this.server = server;
    this.clients = clients;
  }

  /** As in the server's configuration file, with names in its data directory. */
  Map<String, String> settings() {
    Map<String, String> own =
        Map.of("ssl", "on", "ssl_cert_file", CERTIFICATE, "ssl_key_file", KEY);
    return clients == null
        ? own
        : Map.of(
            "ssl", "on",
            "ssl_cert_file", CERTIFICATE,
            "ssl_key_file", KEY,
            "ssl_ca_file", CLIENTS);
  }

  /** What the server presents from its next start or reload on. */
  void present(Identity other) {
    server = other;
  }

  /** Puts the files where the server looks for them. */
  void write(Path data, String superuser) {
    server.writeCertificate(data.resolve(CERTIFICATE));
    server.writeKey(data.resolve(KEY));
    if (clients != null) {
      Identity.write(clients.certificate(), data.resolve(CLIENTS));
    }
    try {
      Files.writeString(data.resolve("pg_hba.conf"), rules(superuser));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the access rules in " + data, e);
    }
  }

  private String rules(String superuser) {
    return """
        host    all,replication %s,+%s all scram-sha-256
        hostssl all,replication all all scram-sha-256 %s
        """
        .formatted(superuser, PLAIN, clients == null ? "" : "clientcert=verify-ca");
  }
}
