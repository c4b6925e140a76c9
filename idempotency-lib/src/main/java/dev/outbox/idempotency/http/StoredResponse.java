package dev.outbox.idempotency.http;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** An answer as it goes out, byte for byte. Immutable as long as nobody writes into the body. */
public final class StoredResponse {

  /**
   * Headers that are never stored: those that speak of one connection or one moment (RFC 9110,
   * section 7.6.1), and those that hand out a session, which a replay must not do again. The length
   * is given anew with the body.
   */
  public static final Set<String> NEVER_STORED =
      Set.of(
          "connection",
          "content-length",
          "date",
          "keep-alive",
          "proxy-authenticate",
          "proxy-connection",
          "set-cookie",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "www-authenticate");

  private final int status;
  private final List<HeaderField> headers;
  private final byte[] body;

  /**
   * @param status 200 to 599
   * @param headers in the order in which they go out
   * @param body not copied
   */
  public StoredResponse(int status, List<HeaderField> headers, byte[] body) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("%d is not the status of an answer".formatted(status));
    }
    this.status = status;
    this.headers = List.copyOf(headers);
    this.body = body;
  }

  public int status() {
    return status;
  }

  public List<HeaderField> headers() {
    return headers;
  }

  /** The body, not a copy. */
  public byte[] body() {
    return body;
  }

  /** The same without those headers. */
  StoredResponse without(Set<String> names) {
    return new StoredResponse(
        status, headers.stream().filter(header -> !names.contains(header.key())).toList(), body);
  }

  static Set<String> keys(Set<String> names) {
    return names.stream()
        .map(name -> name.toLowerCase(Locale.ROOT))
        .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StoredResponse that
        && status == that.status
        && headers.equals(that.headers)
        && Arrays.equals(body, that.body);
  }

  @Override
  public int hashCode() {
    return Objects.hash(status, headers, Arrays.hashCode(body));
  }

  /** Without the body, which may hold what no log should. */
  @Override
  public String toString() {
    return "StoredResponse[status=%d, %d bytes]".formatted(status, body.length);
  }

  /**
   * One header field.
   *
   * @param name its case stays, and does not count
   * @param value without line breaks and NUL
   */
  public record HeaderField(String name, String value) {

    public HeaderField {
      if (value.chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)) {
        throw new IllegalArgumentException("a line break in the header " + name);
      }
    }

    String key() {
      return name.toLowerCase(Locale.ROOT);
    }
  }
}
