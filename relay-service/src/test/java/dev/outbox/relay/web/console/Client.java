package dev.outbox.relay.web.console;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a program, or somebody else's page, can send to a relay. */
final class Client {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpClient http = HttpClient.newHttpClient();
  private final CookieManager cookies = new CookieManager();
  private final HttpClient browser = HttpClient.newBuilder().cookieHandler(cookies).build();
  private final String address;

  Client(int port) {
    this.address = "http://localhost:" + port;
  }

  /** A request without cookies. */
  HttpResponse<String> send(String method, String path, String body, Map<String, String> headers) {
    return send(http, method, path, body, headers);
  }

  /** A request with the cookies that were set in {@link #login}. */
  HttpResponse<String> sendWithCookies(
      String method, String path, String body, Map<String, String> headers) {
    return send(browser, method, path, body, headers);
  }

  HttpResponse<String> get(String path) {
    return send(http, "GET", path, "", Map.of());
  }

  private HttpResponse<String> send(
      HttpClient client, String method, String path, String body, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(address + path))
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!headers.containsKey("Content-Type")) {
      request.header("Content-Type", "application/json");
    }
    headers.forEach(request::header);
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static Map<String, String> basic(String name, String password) {
    return Map.of(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(UTF_8)));
  }

  /** What the page's script gets to know; with the cookies. */
  JsonNode session() {
    return JSON.readTree(sendWithCookies("GET", "/console/api/session", "", Map.of()).body());
  }

  /** Logs in as the page does. */
  HttpResponse<String> login(String name, String password) {
    String token = session().get("csrfToken").stringValue();
    return sendWithCookies(
        "POST",
        "/console/api/session",
        "username=%s&password=%s"
            .formatted(URLEncoder.encode(name, UTF_8), URLEncoder.encode(password, UTF_8)),
        Map.of("Content-Type", "application/x-www-form-urlencoded", "X-CSRF-TOKEN", token));
  }
}
