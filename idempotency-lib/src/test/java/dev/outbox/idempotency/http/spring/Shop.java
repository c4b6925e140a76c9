package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** The service on a port of its own, over a database of its own, and a client. */
final class Shop implements AutoCloseable {

  private final ConfigurableApplicationContext application;
  private final HttpClient client = HttpClient.newHttpClient();
  private final TestDatabase database;

  private Shop(ConfigurableApplicationContext application, TestDatabase database) {
    this.application = application;
    this.database = database;
  }

  static TestDatabase database(PostgresServer postgres) throws SQLException {
    TestDatabase database = TestDatabase.empty(postgres);
    database.applyPublished("outbox_event", "idempotency_key");
    database.execute(
        """
        create table customer_order (
          id bigint generated always as identity, item text not null,
          made timestamptz not null default now(),
          -- found out only by the commit
          only_once text generated always as (nullif(item = 'unique', false)::text) stored,
          unique (only_once) deferrable initially deferred)
        """);
    return database;
  }

  static Shop over(TestDatabase database, String... properties) {
    List<String> all = properties(database);
    all.addAll(List.of(properties));
    return new Shop(
        new SpringApplicationBuilder(ShopApplication.class)
            .web(WebApplicationType.SERVLET)
            .properties(all.toArray(String[]::new))
            .run(),
        database);
  }

  /** The same service for a command line. */
  static String[] arguments(TestDatabase database) {
    return properties(database).stream().map(property -> "--" + property).toArray(String[]::new);
  }

  private static List<String> properties(TestDatabase database) {
    return new ArrayList<>(
        List.of(
            "server.port=0",
            "spring.main.banner-mode=off",
            "spring.flyway.enabled=false",
            "outbox.inbox.enabled=false",
            "outbox.idempotency.migrate=false",
            "outbox.idempotency.max-response-size=1000B",
            "outbox.idempotency.max-request-size=1000B",
            "outbox.idempotency.claim-wait=20s",
            "shop.url=" + database.url(),
            "shop.user=" + database.user(),
            "shop.password=" + database.password()));
  }

  static String newKey() {
    return UUID.randomUUID().toString();
  }

  /** As alice, with this key. */
  HttpResponse<byte[]> post(String path, String key, String body) {
    return post(path, body, "X-User", "alice", "Idempotency-Key", '"' + key + '"');
  }

  HttpResponse<byte[]> post(String path, String body, String... headers) {
    return send("POST", path, body, headers);
  }

  HttpResponse<byte[]> send(String method, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path))
            .method(method, BodyPublishers.ofString(body));
    if (!List.of(headers).contains("Content-Type")) {
      request.header("Content-Type", "text/plain");
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return client.send(request.build(), BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  static boolean isReplayed(HttpResponse<byte[]> response) {
    return response.headers().firstValue("Idempotency-Replayed").equals(Optional.of("true"));
  }

  /** All headers but those that tell a replay and the moment. */
  static Map<String, List<String>> headers(HttpResponse<byte[]> response) {
    Map<String, List<String>> headers = new TreeMap<>(response.headers().map());
    headers.remove("date");
    headers.remove("idempotency-replayed");
    headers.remove("keep-alive");
    headers.remove("connection");
    return headers;
  }

  List<String> orders() throws SQLException {
    return database.query("select item from customer_order order by id");
  }

  List<String> events() throws SQLException {
    return database.query("select id from outbox_event");
  }

  double counted(String endpoint, String outcome) {
    return application
        .getBean(MeterRegistry.class)
        .get(IdempotencyMetrics.REQUESTS)
        .tags("endpoint", endpoint, "outcome", outcome)
        .counter()
        .count();
  }

  private String port() {
    return String.valueOf(application.getEnvironment().getProperty("local.server.port"));
  }

  @Override
  public void close() {
    application.close();
  }
}
