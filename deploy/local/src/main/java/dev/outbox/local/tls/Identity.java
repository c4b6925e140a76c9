package dev.outbox.local.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;

/**
 * A key with the certificate that says whose it is, in the forms in which servers and clients read
 * them. What holds the key is readable by its owner alone.
 *
 * @param key the private key
 * @param certificate of its owner
 * @param issuer the certificate of the authority that signed it
 */
public record Identity(PrivateKey key, X509Certificate certificate, X509Certificate issuer) {

  /** One certificate as text (PEM). */
  public static Path write(X509Certificate certificate, Path file) {
    return write(file, pem(certificate));
  }

  /** The own certificate as text (PEM). */
  public Path writeCertificate(Path file) {
    return write(certificate, file);
  }

  /** The key as text (PEM of PKCS#8, without a password), as PostgreSQL reads it. */
  public Path writeKey(Path file) {
    return write(file, pem("PRIVATE KEY", key.getEncoded()));
  }

  /** The key in binary (PKCS#8), as PostgreSQL's JDBC driver reads it. */
  public Path writeBinaryKey(Path file) {
    return write(file, key.getEncoded());
  }

  /** Key and certificates in one text, as Kafka reads them. */
  public Path writeAll(Path file) {
    return write(file, pem("PRIVATE KEY", key.getEncoded()) + pem(certificate) + pem(issuer));
  }

  /** Key and certificates in a store with a password (PKCS#12). */
  public Path writeStore(Path file, String password) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(
          "user", key, password.toCharArray(), new Certificate[] {certificate, issuer});
      write(file, new byte[0]);
      try (OutputStream out = Files.newOutputStream(file)) {
        store.store(out, password.toCharArray());
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Cannot make the key store " + file, e);
    }
  }

  private static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("Cannot write down a certificate", e);
    }
  }

  private static String pem(String what, byte[] content) {
    Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
    return "-----BEGIN %s-----%n%s%n-----END %s-----%n"
        .formatted(what, lines.encodeToString(content), what);
  }

  private static Path write(Path file, String text) {
    return write(file, text.getBytes(US_ASCII));
  }

  private static Path write(Path file, byte[] content) {
    try {
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      return Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  @Override
  public String toString() {
    return "Identity[" + certificate.getSubjectX500Principal() + "]";
  }
}
