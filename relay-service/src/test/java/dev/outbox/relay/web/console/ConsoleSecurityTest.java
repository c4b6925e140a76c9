package dev.outbox.relay.web.console;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.ShardedRelay;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

/** Whoever reaches the relay's port may look; only its operator may act. */
class ConsoleSecurityTest extends ApplicationTestBase {

  private static final List<String> UNSAFE = List.of("POST", "PUT", "PATCH", "DELETE");

  /** Good for every action, if it were let through. */
  private static final String BODY =
      """
      {"reason":"a test","key":"Order/1","event":"x","from":"1h","ids":[],"aggregate":null}""";

  @Test
  void noActionAnswersWithoutCredentials() {
    start(OPERATOR);
    Set<String> paths = actions();
    assertThat(paths)
        .contains(
            "/console/api/parked/retry",
            "/console/api/parked/discard",
            "/console/api/replay",
            "/console/api/audit",
            "/console/api/tasks/x/cancel");
    // Without any credential
    assertRefused(paths, Map.of(), false, Set.of(401));
    // From a browser that is logged in, but not from the console's page
    assertThat(client.login(NAME, PASSWORD).statusCode()).isEqualTo(204);
    assertThat(client.session().get("operator").stringValue()).isEqualTo(NAME);
    assertRefused(paths, Map.of(), true, Set.of(403));
    assertRefused(paths, Map.of("X-CSRF-TOKEN", "guessed"), true, Set.of(403));
    // From a browser that sends a password by itself, by order of another page
    Map<String, String> forged = new HashMap<>(Client.basic(NAME, PASSWORD));
    forged.put("Origin", "https://evil.example");
    assertRefused(paths, forged, false, Set.of(403));
    Map<String, String> forgedElsehow = new HashMap<>(Client.basic(NAME, PASSWORD));
    forgedElsehow.put("Sec-Fetch-Site", "cross-site");
    assertRefused(paths, forgedElsehow, false, Set.of(403));
    // With a wrong name or password; after five of them with any, the right ones too
    Map<String, String> wrong = Client.basic(NAME, "wrong");
    for (int i = 0; i < 5; i++) {
      assertThat(client.send("POST", "/console/api/audit", BODY, wrong).statusCode())
          .isEqualTo(401);
    }
    HttpResponse<String> guessed = client.send("POST", "/console/api/audit", BODY, wrong);
    assertThat(guessed.statusCode()).isEqualTo(429);
    assertThat(guessed.headers().firstValue("Retry-After")).isPresent();
    assertRefused(paths, Client.basic("bert", PASSWORD), false, Set.of(401, 429));
    assertRefused(paths, Client.basic(NAME, "wrong"), false, Set.of(401, 429));
    // Then nothing was carried out
    assertThat(client.get("/console/api/tasks").body()).isEqualTo("[]");
  }

  @Test
  void theOperatorActsFromAPageAndFromAProgram() {
    start(OPERATOR);
    String audit = "{\"reason\":\"is all there?\"}";
    HttpResponse<String> byProgram =
        client.send("POST", "/console/api/audit", audit, Client.basic(NAME, PASSWORD));
    assertThat(byProgram.statusCode()).isEqualTo(202);
    assertThat(byProgram.body()).contains("\"by\":\"anna\"").contains("is all there?");
    assertThat(byProgram.headers().allValues("Set-Cookie")).isEmpty();
    assertThat(client.login(NAME, PASSWORD).statusCode()).isEqualTo(204);
    String token = client.session().get("csrfToken").stringValue();
    assertThat(
            client
                .sendWithCookies("POST", "/console/api/audit", audit, Map.of("X-CSRF-TOKEN", token))
                .statusCode())
        .isEqualTo(202);
    // And what need not be said may be left out
    for (Map.Entry<String, String> brief :
        Map.of(
                "parked/retry", "{\"key\":\"Order/1\",\"reason\":\"a test\"}",
                "replay", "{\"from\":\"1h\",\"reason\":\"a test\"}",
                "parked/discard", "{\"event\":\"x\",\"reason\":\"a test\"}")
            .entrySet()) {
      assertThat(
              client
                  .send(
                      "POST",
                      "/console/api/" + brief.getKey(),
                      brief.getValue(),
                      Client.basic(NAME, PASSWORD))
                  .statusCode())
          .as(brief.getKey())
          .isEqualTo(202);
    }
    // And no action without a reason
    HttpResponse<String> unfounded =
        client.send("POST", "/console/api/audit", "{}", Client.basic(NAME, PASSWORD));
    assertThat(unfounded.statusCode()).isEqualTo(400);
    assertThat(unfounded.body()).contains("No reason was given");
    // And nothing that would forge a line of the log or move a terminal's cursor
    for (Map.Entry<String, String> forging :
        Map.of(
                "parked/retry", "{\"key\":\"Order/1\\nforged\",\"reason\":\"a test\"}",
                "parked/discard", "{\"event\":\"x\\u009b2J\",\"reason\":\"a test\"}",
                "replay", "{\"aggregate\":\"Order/1\\u2028forged\",\"reason\":\"a test\"}")
            .entrySet()) {
      HttpResponse<String> refused =
          client.send(
              "POST",
              "/console/api/" + forging.getKey(),
              forging.getValue(),
              Client.basic(NAME, PASSWORD));
      assertThat(refused.statusCode()).as(forging.getKey()).isEqualTo(400);
      assertThat(refused.body()).contains("has control characters");
    }
    // And nobody is logged in any more who has logged out
    assertThat(
            client
                .sendWithCookies(
                    "POST", "/console/api/session/end", "", Map.of("X-CSRF-TOKEN", token))
                .statusCode())
        .isEqualTo(204);
    assertThat(client.session().get("operator").isNull()).isTrue();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(client.get("/console/api/tasks").body()).contains("\"stage\":\"DONE\""));
  }

  @Test
  void withoutAnOperatorEveryActionTellsWhichSettingsAreMissing() {
    start(Map.of());
    for (String path : actions()) {
      for (String method : UNSAFE) {
        for (Map<String, String> headers :
            List.of(Map.<String, String>of(), Client.basic("", ""))) {
          HttpResponse<String> answer = client.send(method, path, BODY, headers);
          assertThat(answer.statusCode()).as("%s %s", method, path).isEqualTo(403);
          assertThat(answer.body())
              .contains("outbox.relay.console.username")
              .contains("outbox.relay.console.password");
        }
      }
    }
    assertThat(client.get("/console/api/session").body()).contains("\"actions\":false");
  }

  @Test
  void lookingNeedsNoCredentialsChangesNothingAndTellsNoSecret() {
    String role = "secretive_" + database.slot();
    database.execute("create role %s login superuser password 'database-s3cret'".formatted(role));
    try {
      start(
          Map.of(
              "database.username",
              role,
              "database.password",
              "database-s3cret",
              "console.username",
              NAME,
              "console.password",
              PASSWORD,
              "kafka.properties.ssl.key.password",
              "key-s3cret"));
      Relay relay = application.getBean(ShardedRelay.class).parts().get(0).relay();
      await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
      for (String path : paths(RequestMethod.GET)) {
        HttpResponse<String> answer = client.get(path);
        // Asked for by itself, the page for errors has none to tell.
        assertThat(answer.statusCode())
            .as(path)
            .isNotEqualTo(405)
            .isNotEqualTo(path.equals("/error") ? 0 : 500);
        assertThat(answer.body()).as(path).doesNotContain("s3cret").doesNotContain(PASSWORD);
        assertThat(answer.headers().allValues("Set-Cookie"))
            .as(path)
            .noneMatch(cookie -> cookie.startsWith("outbox-console="));
      }
      assertThat(client.get("/console/api/settings").body())
          .contains("\"outbox.relay.database.password\",\"value\":\"********\"");
      assertThat(client.get("/console/api/tasks").body()).isEqualTo("[]");
      assertThat(relay.state()).isInstanceOf(Leading.class);
      // And payloads are for nobody who is not logged in
      assertThat(client.get("/console/api/parked/x/payload").statusCode()).isEqualTo(401);
      assertThat(
              client
                  .send("GET", "/console/api/parked/x/payload", "", Client.basic(NAME, PASSWORD))
                  .body())
          .contains("outbox.relay.console.show-payloads");
      assertHeaders(client.get("/"));
    } finally {
      application.close();
      database.execute("drop owned by %s; drop role %s".formatted(role, role));
    }
  }

  private static void assertHeaders(HttpResponse<String> page) {
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("default-src 'none'")
        .contains("frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    assertThat(page.headers().firstValue("X-Frame-Options")).contains("DENY");
    assertThat(page.headers().firstValue("Referrer-Policy")).contains("no-referrer");
    assertThat(page.body())
        .doesNotContain("<style")
        .doesNotContain(" style=")
        .doesNotContain(" onclick");
  }

  private void assertRefused(
      Set<String> paths, Map<String, String> headers, boolean cookies, Set<Integer> refusals) {
    for (String path : paths) {
      for (String method : UNSAFE) {
        HttpResponse<String> answer =
            cookies
                ? client.sendWithCookies(method, path, BODY, headers)
                : client.send(method, path, BODY, headers);
        assertThat(answer.statusCode()).as("%s %s: %s", method, path, answer.body()).isIn(refusals);
        assertThat(answer.body()).contains("\"remedy\"");
      }
    }
  }

  /** Every path that this application maps to anything but a GET, and some that it does not. */
  private Set<String> actions() {
    Set<String> paths = new TreeSet<>();
    for (RequestMethod method : RequestMethod.values()) {
      if (method != RequestMethod.GET && method != RequestMethod.HEAD) {
        paths.addAll(paths(method));
      }
    }
    paths.addAll(List.of("/", "/console/console.js", "/console/api/not-there", "/actuator/health"));
    return paths;
  }

  /** Paths of all handlers for a method, of those that take any too. */
  private Set<String> paths(RequestMethod asked) {
    Set<String> paths = new TreeSet<>();
    application.getBeansOfType(RequestMappingInfoHandlerMapping.class).values().stream()
        .flatMap(mapping -> mapping.getHandlerMethods().keySet().stream())
        .filter(
            info ->
                info.getMethodsCondition().getMethods().isEmpty()
                    || info.getMethodsCondition().getMethods().contains(asked))
        .flatMap(
            info ->
                info.getPathPatternsCondition() == null
                    ? Stream.empty()
                    : info.getPathPatternsCondition().getPatternValues().stream())
        .map(pattern -> pattern.replaceAll("\\{[^}]*}|\\*+", "x"))
        .forEach(paths::add);
    return paths;
  }
}
