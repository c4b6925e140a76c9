package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IncomingRequest;
import dev.outbox.idempotency.http.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.http.MediaType;

/** Reads from a servlet request what idempotency needs to know. */
final class RequestReader {

  private final RequestCallers callers;
  private final int limit;

  RequestReader(RequestCallers callers, int limit) {
    this.callers = callers;
    this.limit = limit;
  }

  /** Why this request cannot carry a key, whatever its length. */
  Optional<Problem> refusal(HttpServletRequest request) {
    return hasType(request, "multipart/") ? Optional.of(Problem.multipart()) : Optional.empty();
  }

  Problem tooLarge() {
    return Problem.requestTooLarge(limit);
  }

  BufferedRequest buffer(HttpServletRequest request) throws IOException {
    return hasType(request, MediaType.APPLICATION_FORM_URLENCODED_VALUE)
        ? BufferedRequest.ofForm(request, form(request), limit)
        : BufferedRequest.read(request, limit);
  }

  IncomingRequest describe(HttpServletRequest request, byte[] body) {
    Map<String, List<String>> headers = new HashMap<>();
    for (String name : Collections.list(request.getHeaderNames())) {
      headers.put(name, Collections.list(request.getHeaders(name)));
    }
    String query = request.getQueryString();
    return new IncomingRequest(
        request.getMethod(),
        request.getRequestURI(),
        query == null ? "" : query,
        headers,
        body,
        callers.of(request));
  }

  /** The container reads a form's body itself, so that the fingerprint has to be of its meaning. */
  private static byte[] form(HttpServletRequest request) {
    List<String> fields = new ArrayList<>();
    new TreeMap<>(request.getParameterMap())
        .forEach(
            (name, values) -> {
              for (String value : values) {
                fields.add(encode(name) + "=" + encode(value));
              }
            });
    return String.join("&", fields).getBytes(StandardCharsets.UTF_8);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static boolean hasType(HttpServletRequest request, String begin) {
    String type = request.getContentType();
    return type != null && type.toLowerCase(Locale.ROOT).startsWith(begin);
  }
}
