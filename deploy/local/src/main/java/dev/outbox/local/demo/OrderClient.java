package dev.outbox.local.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A customer of the order service. */
final class OrderClient {

  private static final List<String> USERS = List.of("ada", "grace", "linus");
  private static final List<String> PRODUCTS = List.of("tea", "coffee", "cocoa", "milk");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final HttpClient http;
  private final String url;

  OrderClient(HttpClient http, String url) {
    this.http = http;
    this.url = url;
  }

  /** Places one order; which one, the number says. */
  PlacedOrder place(int number) {
    String order =
        "{\"userId\":\"%s\",\"productId\":\"%s\",\"quantity\":%d}"
            .formatted(
                USERS.get(number % USERS.size()),
                PRODUCTS.get(number % PRODUCTS.size()),
                1 + number % 3);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/orders"))
            .header("content-type", "application/json")
            .header("idempotency-key", "\"" + UUID.randomUUID() + "\"")
            .timeout(Duration.ofSeconds(30))
            .POST(HttpRequest.BodyPublishers.ofString(order))
            .build();
    Instant askedAt = Instant.now();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 201) {
          String location = answer.headers().firstValue("location").orElse("");
          return new PlacedOrder(location.substring(location.lastIndexOf('/') + 1), askedAt);
        }
        // Somebody may have stopped the database on purpose; the key makes it safe to ask again.
        boolean again = answer.statusCode() == 409 || answer.statusCode() >= 500;
        if (!again || System.nanoTime() > deadline) {
          throw new DemoException(
              "The order service answers an order with %d: %s"
                  .formatted(answer.statusCode(), answer.body()));
        }
        TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
      } catch (IOException e) {
        throw new DemoException("The order service does not answer at " + url, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DemoException("Interrupted while placing an order", e);
      }
    }
  }
}
