package dev.outbox.local.tls;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An authority that signs whatever a test asks for: certificates of servers and clients, and such
 * as are no good any more. Its key is in memory alone. May be used by any thread.
 *
 * <p>The certificates are written by hand (RFC 5280), since the JDK makes them only in a process of
 * its own for each, and a library for it would be one more dependency.
 */
public final class CertificateAuthority {

  private static final Duration LIFETIME = Duration.ofDays(2);

  private static final String COMMON_NAME = "2.5.4.3";
  private static final String BASIC_CONSTRAINTS = "2.5.29.19";
  private static final String SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
  private static final String ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;
  private static final AtomicLong SERIAL_NUMBERS = new AtomicLong(System.currentTimeMillis());

  private final String name;
  private final KeyPair keys;
  private final X509Certificate certificate;

  private CertificateAuthority(String name) {
    this.name = name;
    this.keys = newKeys();
    byte[] authority = Der.sequence(Der.yes());
    byte[] extension =
        Der.sequence(Der.identifier(BASIC_CONSTRAINTS), Der.yes(), Der.octets(authority));
    this.certificate = sign(name, keys.getPublic(), now(), now().plus(LIFETIME), extension);
  }

  /** A new authority with keys of its own, whatever others of that name there are. */
  public static CertificateAuthority named(String name) {
    return new CertificateAuthority(name);
  }

  /** The certificate that those trust who trust this authority. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** For a server at this host name; {@code localhost} covers 127.0.0.1 too. */
  public Identity server(String host) {
    return issue(host, List.of(host), now(), now().plus(LIFETIME));
  }

  /** The same, valid until yesterday. */
  public Identity expiredServer(String host) {
    return issue(host, List.of(host), now().minus(LIFETIME), now().minus(Duration.ofDays(1)));
  }

  /** For a client of this name. */
  public Identity client(String user) {
    return issue(user, List.of(), now(), now().plus(LIFETIME));
  }

  /** The same, valid until yesterday. */
  public Identity expiredClient(String user) {
    return issue(user, List.of(), now().minus(LIFETIME), now().minus(Duration.ofDays(1)));
  }

  private Identity issue(String commonName, List<String> hosts, Instant from, Instant until) {
    KeyPair subject = newKeys();
    X509Certificate signed =
        hosts.isEmpty()
            ? sign(commonName, subject.getPublic(), from, until)
            : sign(commonName, subject.getPublic(), from, until, alternativeNames(hosts));
    return new Identity(subject.getPrivate(), signed, certificate);
  }

  private static byte[] alternativeNames(List<String> hosts) {
    byte[][] names =
        hosts.stream()
            .flatMap(
                host ->
                    host.equals("localhost")
                        ? List.of(dns(host), Der.implicit(IP_ADDRESS, loopback())).stream()
                        : List.of(dns(host)).stream())
            .toArray(byte[][]::new);
    return Der.sequence(Der.identifier(SUBJECT_ALTERNATIVE_NAME), Der.octets(Der.sequence(names)));
  }

  private static byte[] dns(String host) {
    return Der.implicit(DNS_NAME, host.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] loopback() {
    return InetAddress.getLoopbackAddress().getAddress();
  }

  private X509Certificate sign(
      String subject, PublicKey key, Instant from, Instant until, byte[]... extensions) {
    byte[] algorithm = Der.sequence(Der.identifier(ECDSA_WITH_SHA256));
    byte[] unsigned =
        Der.sequence(
            Der.explicit(0, Der.integer(BigInteger.TWO)), // version 3
            Der.integer(BigInteger.valueOf(SERIAL_NUMBERS.incrementAndGet())),
            algorithm,
            distinguishedName(name),
            Der.sequence(Der.time(from), Der.time(until)),
            distinguishedName(subject),
            key.getEncoded(),
            extensions.length == 0 ? new byte[0] : Der.explicit(3, Der.sequence(extensions)));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(unsigned);
      byte[] signed = Der.sequence(unsigned, algorithm, Der.bits(signature.sign()));
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(signed));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Cannot make a certificate for " + subject, e);
    }
  }

  private static byte[] distinguishedName(String commonName) {
    return Der.sequence(Der.set(Der.sequence(Der.identifier(COMMON_NAME), Der.text(commonName))));
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Cannot make a key", e);
    }
  }

  /** Some minutes ago, for clocks that differ. */
  private static Instant now() {
    return Instant.now().minus(Duration.ofMinutes(5));
  }
}
