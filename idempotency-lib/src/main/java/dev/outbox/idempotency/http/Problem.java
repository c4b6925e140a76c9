package dev.outbox.idempotency.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A refusal as problem details (RFC 9457). Types are stable: clients may branch on them.
 *
 * @param name end of the type URI
 * @param status of the answer
 * @param title the same for every problem of this type
 * @param detail about this one; never repeats a key or a body
 * @param retryAfter value of the header {@code Retry-After}
 */
public record Problem(
    String name, int status, String title, String detail, Optional<Duration> retryAfter) {

  /** The media type of {@link #json}. */
  public static final String MEDIA_TYPE = "application/problem+json";

  /** Begin of every type URI unless another is configured, such as a page of the API's own. */
  public static final String TYPE_BASE = "urn:outbox-relay:problem:";

  /** The answer to this refusal. */
  public static Problem of(Outcome.Refusal refusal) {
    if (refusal instanceof Outcome.InProgress inProgress) {
      return new Problem(
          "idempotency-key-in-progress",
          409,
          "A request with this idempotency key is being processed",
          "Send the same request again after the time that Retry-After says.",
          Optional.of(inProgress.retryAfter()));
    }
    if (refusal instanceof Outcome.Mismatch) {
      return problem(
          "idempotency-key-reused",
          422,
          "This idempotency key was used for a different request",
          "Method, path, query, body and the chosen headers must be the same. Use a new key for a"
              + " new request.");
    }
    if (refusal instanceof Outcome.KeyMissing) {
      return problem(
          "idempotency-key-missing",
          400,
          "The header Idempotency-Key is missing",
          "This endpoint requires one. Make a UUID for each intent and send it with every attempt.");
    }
    if (refusal instanceof Outcome.KeyInvalid invalid) {
      return problem(
          "idempotency-key-invalid",
          400,
          "The header Idempotency-Key is invalid",
          "Send one quoted string of 1 to %d printable ASCII characters: %s."
              .formatted(IdempotencyKey.LONGEST, invalid.reason()));
    }
    return problem(
        "idempotency-principal-missing",
        403,
        "Idempotency keys need an authenticated caller",
        "Without one, whoever guesses a key could read its response.");
  }

  /** A body that cannot be fingerprinted. */
  public static Problem requestTooLarge(long limit) {
    return problem(
        "idempotency-request-too-large",
        413,
        "The request body is too large for an idempotency key",
        "At most %d bytes can be compared with a repeat. Nothing was done.".formatted(limit));
  }

  /** A body that cannot be read twice. */
  public static Problem multipart() {
    return problem(
        "idempotency-multipart-unsupported",
        415,
        "Multipart requests cannot carry an idempotency key",
        "Upload first, then refer to the upload in a request with a key. Nothing was done.");
  }

  /** An answer that could not be replayed was not given at all. */
  public static Problem responseNotReplayable(String why) {
    return problem(
        "idempotency-response-not-replayable",
        500,
        "The response cannot be stored for replay",
        why + " No answer was stored, and in atomic mode nothing else.");
  }

  /** In reserved mode: stored in place of an answer that was given once and cannot be replayed. */
  public static Problem responseNotKept(long limit) {
    return problem(
        "idempotency-response-not-kept",
        410,
        "The request took effect, and its response was not kept",
        "The response had more than %d bytes. Ask for the result by its own address."
            .formatted(limit));
  }

  /** The database could not be asked, or its answer to the commit was lost. */
  public static Problem storeUnavailable(Duration retryAfter) {
    return new Problem(
        "idempotency-store-unavailable",
        503,
        "It is not known whether the request took effect",
        "Send the same request with the same key again: it takes effect at most once.",
        Optional.of(retryAfter));
  }

  /**
   * The body of the answer, {@link #MEDIA_TYPE} in UTF-8.
   *
   * @param typeBase begin of the type URI
   * @param window how long keys of this endpoint are remembered, told as ISO 8601 in the member
   *     {@code keyLifetime}
   */
  public String json(String typeBase, Duration window) {
    Map<String, String> members = new LinkedHashMap<>();
    members.put("type", quote(typeBase + name));
    members.put("title", quote(title));
    members.put("status", String.valueOf(status));
    members.put("detail", quote(detail));
    members.put("keyLifetime", quote(window.toString()));
    StringBuilder json = new StringBuilder("{");
    members.forEach(
        (key, value) ->
            json.append(json.length() > 1 ? "," : "").append(quote(key)).append(":").append(value));
    return json.append("}").toString();
  }

  private static Problem problem(String name, int status, String title, String detail) {
    return new Problem(name, status, title, detail, Optional.empty());
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
              } else if (c < ' ') {
                quoted.append("\\u%04x".formatted(c));
              } else {
                quoted.appendCodePoint(c);
              }
            });
    return quoted.append('"').toString();
  }
}
