package dev.outbox.demo;

import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the order service. */
record Shop(String address) {

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final JsonMapper JSON = JsonMapper.shared();

  /** What a client sees; two answers are the same when all of this is. */
  record Answer(int status, String contentType, String body) {

    JsonNode json() {
      return JSON.readTree(body);
    }

    String text(String pointer) {
      return json().at(pointer).asString();
    }

    /** This one, if it is a problem of this status. */
    Answer problem(int expected) {
      assertThat(status).as(body).isEqualTo(expected);
      assertThat(contentType).isEqualTo("application/problem+json");
      assertThat(json().get("status").asInt()).isEqualTo(expected);
      return this;
    }

    /** This one, if it is a success of this status. */
    Answer ok(int expected) {
      assertThat(status).as(body).isEqualTo(expected);
      return this;
    }
  }

  static String newKey() {
    return UUID.randomUUID().toString();
  }

  static String order(String user, String product, int quantity) {
    return "{\"userId\":\"%s\",\"productId\":\"%s\",\"quantity\":%d}"
        .formatted(user, product, quantity);
  }

  static String callback(String paymentId, String status, long amount) {
    return "{\"paymentId\":\"%s\",\"status\":\"%s\",\"amount\":%d}"
        .formatted(paymentId, status, amount);
  }

  /** Places two packets of tea, for 900 cents, and gives the order's id. */
  String place() {
    return post("/orders", order("ada", "tea", 2), newKey()).ok(201).text("/id");
  }

  /** An order that is paid. */
  String placeAndPay() {
    String id = place();
    report(id, callback("p-" + id, "SETTLED", 900)).ok(200);
    return id;
  }

  Answer report(String orderId, String callback) {
    return post("/orders/" + orderId + "/payment-callbacks", callback);
  }

  Answer pay(String orderId, String provider, String key) {
    return post(
        "/orders/" + orderId + "/payments", "{\"provider\":\"%s\"}".formatted(provider), key);
  }

  Answer step(String orderId, String step) {
    return post("/orders/" + orderId + "/" + step, "");
  }

  String status(String orderId) {
    return get("/orders/" + orderId).ok(200).text("/status");
  }

  List<String> timeline(String orderId) {
    List<String> what = new ArrayList<>();
    get("/orders/" + orderId)
        .json()
        .get("timeline")
        .forEach(entry -> what.add(entry.get("what").asString()));
    return what;
  }

  Answer get(String path) {
    return send(request(path).GET());
  }

  Answer post(String path, String body) {
    return send(request(path).POST(body(body)));
  }

  Answer post(String path, String body, String key) {
    return send(request(path).header("Idempotency-Key", "\"" + key + "\"").POST(body(body)));
  }

  /** The request as many times at once. */
  static List<Answer> atOnce(int times, Callable<Answer> request) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(times);
    try {
      List<Future<Answer>> asked = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        asked.add(clients.submit(request));
      }
      List<Answer> answers = new ArrayList<>();
      for (Future<Answer> answer : asked) {
        answers.add(answer.get(60, TimeUnit.SECONDS));
      }
      return answers;
    } finally {
      clients.shutdownNow();
    }
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://" + address + path))
        .timeout(Duration.ofSeconds(60))
        .header("Content-Type", "application/json");
  }

  private static HttpRequest.BodyPublisher body(String body) {
    return body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
  }

  /** Throws {@link LostAnswerException} when the connection ends before the answer has come. */
  Answer send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> answer = HTTP.send(request.build(), ofString());
      return new Answer(
          answer.statusCode(),
          answer.headers().firstValue("Content-Type").orElse(""),
          answer.body());
    } catch (IOException e) {
      throw new LostAnswerException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static final class LostAnswerException extends RuntimeException {

    private static final long serialVersionUID = 1;

    LostAnswerException(Throwable cause) {
      super(cause);
    }
  }
}
