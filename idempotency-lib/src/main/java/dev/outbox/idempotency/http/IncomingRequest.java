package dev.outbox.idempotency.http;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is asked, as far as idempotency goes. */
public final class IncomingRequest {

  private final String method;
  private final String path;
  private final String query;
  private final Map<String, List<String>> headers;
  private final byte[] body;
  private final Caller caller;

  /**
   * @param method such as {@code POST}
   * @param path as sent, without query
   * @param query as sent, or empty
   * @param headers every field of each header; case of the names does not count
   * @param body all of it; not copied
   * @param caller who asks, as authenticated
   */
  public IncomingRequest(
      String method,
      String path,
      String query,
      Map<String, List<String>> headers,
      byte[] body,
      Caller caller) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.headers =
        headers.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    header -> header.getKey().toLowerCase(Locale.ROOT),
                    header -> List.copyOf(header.getValue())));
    this.body = body;
    this.caller = caller;
  }

  public String method() {
    return method;
  }

  public String path() {
    return path;
  }

  public String query() {
    return query;
  }

  /** The fields of this header, in order; empty when there is none. */
  public List<String> header(String name) {
    return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
  }

  /** The body, not a copy. */
  public byte[] body() {
    return body;
  }

  public Caller caller() {
    return caller;
  }

  /**
   * Who asks.
   *
   * @param tenant whose data it is about, where one principal may act for several; empty without
   *     tenants
   * @param principal who is authenticated; empty for anybody
   */
  public record Caller(Optional<String> tenant, Optional<String> principal) {

    /** Nobody in particular. */
    public static final Caller ANONYMOUS = new Caller(Optional.empty(), Optional.empty());

    /** This principal, without tenant. */
    public static Caller principal(String name) {
      return new Caller(Optional.empty(), Optional.of(name));
    }
  }
}
