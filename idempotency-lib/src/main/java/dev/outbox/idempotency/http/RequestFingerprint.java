package dev.outbox.idempotency.http;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * What the first request under a key said, so that another one under the same key is noticed.
 *
 * @param sha256 SHA-256 in hexadecimal over method, path, query, chosen headers and body
 */
public record RequestFingerprint(String sha256) {

  /**
   * The fingerprint of this request. Bytes count, not meaning: JSON with its fields in another
   * order is another request, as a client that retries sends what it sent.
   *
   * @param headerNames the headers that belong to the intent; a trace or an {@code Authorization}
   *     header does not, since each attempt has its own
   */
  public static RequestFingerprint of(IncomingRequest request, Collection<String> headerNames) {
    Digest digest =
        new Digest("request fingerprint")
            .add(request.method())
            .add(request.path())
            .add(request.query());
    TreeSet<String> names = new TreeSet<>();
    headerNames.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
    for (String name : names) {
      List<String> fields = request.header(name);
      digest.add(name).add(String.valueOf(fields.size()));
      fields.forEach(digest::add);
    }
    return new RequestFingerprint(digest.add(request.body()).hex());
  }
}
