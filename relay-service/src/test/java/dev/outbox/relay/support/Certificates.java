package dev.outbox.relay.support;

import dev.outbox.local.tls.CertificateAuthority;
import dev.outbox.local.tls.Identity;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Two authorities, of which servers and relay trust the first alone, and what a relay needs of them
 * as files.
 */
public final class Certificates {

  private final CertificateAuthority authority = CertificateAuthority.named("authority");
  private final CertificateAuthority stranger = CertificateAuthority.named("stranger");
  private final Path folder;

  /**
   * @param folder for the relay's files
   */
  public Certificates(Path folder) {
    this.folder = folder;
    Identity.write(authority.certificate(), trusted());
    give(authority.client("relay"));
  }

  public CertificateAuthority authority() {
    return authority;
  }

  /** One that nobody has been told to trust. */
  public CertificateAuthority stranger() {
    return stranger;
  }

  /** What a server may present. */
  public Identity server(Presented what) {
    return switch (what) {
      case GOOD -> authority.server("localhost");
      case EXPIRED -> authority.expiredServer("localhost");
      case UNTRUSTED -> stranger.server("localhost");
      case OTHER_HOST -> authority.server("elsewhere.example");
    };
  }

  /** A server's certificate. */
  public enum Presented {
    GOOD,
    EXPIRED,
    UNTRUSTED,
    OTHER_HOST
  }

  /** The certificate of the authority that the relay trusts. */
  public Path trusted() {
    return folder.resolve("trusted.pem");
  }

  /** The relay's own key and certificate from now on, in every form, at the same places. */
  public void give(Identity client) {
    client.writeCertificate(folder.resolve("relay.crt"));
    client.writeBinaryKey(folder.resolve("relay.pk8"));
    client.writeAll(folder.resolve("relay.pem"));
  }

  /** Parameters of a JDBC URL that trust the authority. */
  public String url(String url) {
    return url + "?sslmode=verify-full&sslrootcert=" + trusted();
  }

  /** The same with the relay's own certificate. */
  public String urlWithOwn(String url) {
    return url(url)
        + "&sslcert=%1$s/relay.crt&sslkey=%1$s/relay.pk8".formatted(folder.toAbsolutePath());
  }

  /** Settings of a client of Kafka that trust the authority. */
  public Map<String, String> kafka() {
    return prefixed(
        Map.of(
            "security.protocol", "SSL",
            "ssl.truststore.type", "PEM",
            "ssl.truststore.location", trusted().toString()));
  }

  /** The same with the relay's own certificate. */
  public Map<String, String> kafkaWithOwn() {
    return with(
        kafka(),
        Map.of(
            "ssl.keystore.type",
            "PEM",
            "ssl.keystore.location",
            folder.resolve("relay.pem").toString()));
  }

  /** The same with a password instead. */
  public Map<String, String> kafkaWithPassword(String user, String password) {
    return with(
        kafka(),
        Map.of(
            "security.protocol",
            "SASL_SSL",
            "sasl.mechanism",
            "SCRAM-SHA-512",
            "sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required"
                + " username=\"%s\" password=\"%s\";".formatted(user, password)));
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(some);
    all.putAll(prefixed(more));
    return all;
  }

  private static Map<String, String> prefixed(Map<String, String> properties) {
    Map<String, String> prefixed = new LinkedHashMap<>();
    properties.forEach((name, value) -> prefixed.put("kafka.properties." + name, value));
    return prefixed;
  }
}
