package dev.outbox.local;

import dev.outbox.local.tls.CertificateAuthority;
import dev.outbox.local.tls.Identity;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A further address of a broker, for clients that come by TLS. Each has a certificate of its own,
 * so that one broker shows a client good and bad ones.
 */
public final class TlsListener {

  /** What the names of files with keys and certificates end in. */
  static final String PEM = ".pem";

  private static final String MECHANISM = "SCRAM-SHA-512";
  private static final String LOGIN =
      "org.apache.kafka.common.security.scram.ScramLoginModule required;";

  private final String name;
  private final Identity server;
  private final @Nullable CertificateAuthority clients;
  private final boolean passwords;

  private TlsListener(
      String name, Identity server, @Nullable CertificateAuthority clients, boolean passwords) {
    this.name = name;
    this.server = server;
    this.clients = clients;
    this.passwords = passwords;
  }

  /**
   * For anybody.
   *
   * @param name capital letters
   * @param server what it presents
   */
  public static TlsListener forAll(String name, Identity server) {
    return new TlsListener(name, server, null, false);
  }

  /** For clients with a certificate that this authority signed. */
  public static TlsListener forCertificates(
      String name, Identity server, CertificateAuthority clients) {
    return new TlsListener(name, server, clients, false);
  }

  /** For clients with one of the broker's {@link LocalKafka#accounts()}. */
  public static TlsListener forPasswords(String name, Identity server) {
    return new TlsListener(name, server, null, true);
  }

  String name() {
    return name;
  }

  String protocol() {
    return passwords ? "SASL_SSL" : "SSL";
  }

  /** The setting that says where the listener's key and certificate are. */
  static String keyStore(String listener) {
    return prefix(listener) + "ssl.keystore.location";
  }

  /** Writes its files to this folder; the settings name them. */
  Map<String, String> settings(Path folder) {
    String prefix = prefix(name);
    Map<String, String> settings = new LinkedHashMap<>();
    // Or a certificate of another host would be refused by the broker itself when it is replaced.
    settings.put("ssl.allow.dn.changes", "true");
    settings.put("ssl.allow.san.changes", "true");
    // Each takes another certificate by itself, one after the other: who has seen it at one of
    // several may meet the old one at the next.
    settings.put("num.network.threads", "1");
    settings.put(prefix + "ssl.keystore.type", "PEM");
    settings.put(keyStore(name), server.writeAll(folder.resolve(name + PEM)).toString());
    if (clients != null) {
      settings.put(prefix + "ssl.client.auth", "required");
      settings.put(prefix + "ssl.truststore.type", "PEM");
      settings.put(
          prefix + "ssl.truststore.location",
          Identity.write(clients.certificate(), folder.resolve(name + "-clients" + PEM))
              .toString());
    }
    if (passwords) {
      settings.put(prefix + "sasl.enabled.mechanisms", MECHANISM);
      settings.put(prefix + MECHANISM.toLowerCase(Locale.ROOT) + ".sasl.jaas.config", LOGIN);
    }
    return settings;
  }

  private static String prefix(String listener) {
    return "listener.name.%s.".formatted(listener.toLowerCase(Locale.ROOT));
  }
}
