package dev.outbox.relay.failure;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What keeps the relay and a server from speaking TLS, as far as the causes of a failure tell. The
 * JDK has exceptions for some of it, and for the rest only words, which it does not translate.
 */
public enum TlsFault {
  /** The server's certificate, or one above it, is too old. */
  EXPIRED("presents a certificate that has expired"),

  /** Its time is yet to come, or one of the clocks is wrong. */
  NOT_YET_VALID("presents a certificate that is not valid yet"),

  /** Somebody signed it whom nobody told the relay to trust. */
  UNTRUSTED("presents a certificate that no authority signed which the relay trusts"),

  /** It is good, and of another server. */
  OTHER_HOST("presents a certificate that was not made for this host name"),

  /** The server wants a certificate of the relay, and does not like what it gets. */
  CLIENT_REFUSED("does not accept the relay's own certificate, or misses one"),

  /** It is gone before it can be heard why: its last words are lost with the connection. */
  HUNG_UP("ends the connection in the midst of setting up TLS"),

  /** What answers there is no TLS. */
  NOT_SPOKEN("does not speak TLS there");

  private static final String ALERT = "received fatal alert: ";

  private final String words;

  TlsFault(String words) {
    this.words = words;
  }

  /** To be said behind the server's name. */
  public String words() {
    return words;
  }

  /** The fault, if the failure or one of its causes is one. */
  public static @Nullable TlsFault among(Throwable failure) {
    // The deepest cause is the most exact one.
    @Nullable TlsFault found = null;
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      @Nullable TlsFault one = of(cause);
      found = one == null ? found : one;
    }
    return found;
  }

  private static @Nullable TlsFault of(Throwable cause) {
    String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    if (cause instanceof CertificateExpiredException) {
      return EXPIRED;
    }
    if (cause instanceof CertificateNotYetValidException) {
      return NOT_YET_VALID;
    }
    if (cause instanceof CertPathBuilderException || cause instanceof CertPathValidatorException) {
      return UNTRUSTED;
    }
    boolean noSuchName =
        cause instanceof CertificateException
            && (message.startsWith("no subject alternative") || message.startsWith("no name"));
    // PostgreSQL's driver compares names by itself.
    if (noSuchName || message.contains("hostnameverifier")) {
      return OTHER_HOST;
    }
    if (cause instanceof SSLException && message.contains(ALERT)) {
      return CLIENT_REFUSED;
    }
    // What the server says of a certificate comes after the client takes the handshake for done.
    if (message.startsWith("ssl error: broken pipe")
        || message.startsWith("ssl error: connection reset")) {
      return HUNG_UP;
    }
    // The former is the JDK's, the latter what PostgreSQL's driver says.
    return message.contains("unrecognized ssl message") || message.contains("not support ssl")
        ? NOT_SPOKEN
        : null;
  }
}
