package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.Problem;
import dev.outbox.idempotency.http.StoredResponse;
import dev.outbox.idempotency.http.StoredResponse.HeaderField;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.http.HttpHeaders;

/** Writes answers to the client. */
final class ResponseWriter {

  /** Marks an answer that an earlier attempt has made. */
  static final String REPLAYED = "Idempotency-Replayed";

  /** Until when a repeat gets the same answer. */
  static final String EXPIRES = "Idempotency-Expires";

  private ResponseWriter() {}

  static void expires(HttpServletResponse response, Instant remembered) {
    response.setDateHeader(EXPIRES, remembered.toEpochMilli());
  }

  static void write(
      HttpServletResponse response, StoredResponse answer, List<Cookie> cookies, boolean whole)
      throws IOException {
    response.setStatus(answer.status());
    Set<String> seen = new HashSet<>();
    for (HeaderField header : answer.headers()) {
      if (header.name().equalsIgnoreCase(HttpHeaders.CONTENT_TYPE)) {
        response.setContentType(header.value());
      } else if (seen.add(header.name().toLowerCase(Locale.ROOT)) && !isShared(header)) {
        response.setHeader(header.name(), header.value());
      } else {
        response.addHeader(header.name(), header.value());
      }
    }
    cookies.forEach(response::addCookie);
    if (whole && !isWithoutBody(answer.status())) {
      response.setContentLength(answer.body().length);
    }
    response.getOutputStream().write(answer.body());
  }

  static void write(
      HttpServletResponse response, Problem problem, String typeBase, Endpoint endpoint)
      throws IOException {
    byte[] body = problem.json(typeBase, endpoint.window()).getBytes(StandardCharsets.UTF_8);
    response.setStatus(problem.status());
    response.setContentType(Problem.MEDIA_TYPE);
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    problem
        .retryAfter()
        .ifPresent(
            wait ->
                response.setHeader(
                    HttpHeaders.RETRY_AFTER,
                    String.valueOf(Math.max(1, wait.plusMillis(999).toSeconds()))));
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  /** Filters outside add to it, so it is not to be replaced. */
  private static boolean isShared(HeaderField header) {
    return header.name().equalsIgnoreCase(HttpHeaders.VARY);
  }

  private static boolean isWithoutBody(int status) {
    return status == HttpServletResponse.SC_NO_CONTENT
        || status == HttpServletResponse.SC_NOT_MODIFIED;
  }
}
