package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ALICE;
import static dev.outbox.idempotency.http.Requests.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RequestFingerprintTest {

  private static final Set<String> CHOSEN = Set.of("Content-Type", "X-Currency");

  private static final Map<String, List<String>> HEADERS =
      Map.of("content-type", List.of("application/json"), "traceparent", List.of("00-1"));

  private final RequestFingerprint first = of("POST", "/orders", "a=1", HEADERS, "{}");

  @Test
  void theSameRequestHasTheSameFingerprintWhateverItsOtherHeadersSay() {
    assertThat(
            of(
                "POST",
                "/orders",
                "a=1",
                Map.of("Content-Type", List.of("application/json"), "traceparent", List.of("00-2")),
                "{}"))
        .isEqualTo(first);
  }

  @Test
  void methodPathQueryBodyAndChosenHeadersEachCount() {
    Map<String, List<String>> currency =
        Map.of("content-type", List.of("application/json"), "x-currency", List.of("EUR"));
    assertThat(
            List.of(
                of("PUT", "/orders", "a=1", HEADERS, "{}"),
                of("POST", "/orders/", "a=1", HEADERS, "{}"),
                of("POST", "/orders", "a=2", HEADERS, "{}"),
                of("POST", "/orders", "a=1", HEADERS, "{ }"),
                of("POST", "/orders", "a=1", Map.of(), "{}"),
                of("POST", "/orders", "a=1", currency, "{}")))
        .doesNotContain(first)
        .doesNotHaveDuplicates();
  }

  @Test
  void whereOnePartEndsAndTheNextBeginsCounts() {
    assertThat(of("POST", "/orders", "a=1", Map.of(), "{}"))
        .isNotEqualTo(of("POST", "/ordersa", "=1", Map.of(), "{}"));
  }

  private static RequestFingerprint of(
      String method, String path, String query, Map<String, List<String>> headers, String body) {
    return RequestFingerprint.of(
        new IncomingRequest(method, path, query, headers, utf8(body), ALICE), CHOSEN);
  }
}
