package dev.outbox.idempotency.jobs;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A third party: an HTTP service that honours the idempotency key, and can be told to misbehave.
 */
final class Receiver implements AutoCloseable {

  /** What to do with the n-th call of a key, from 1. */
  interface Behaviour {

    Conduct of(String key, int call);
  }

  enum Conduct {
    /** Act, unless the key was seen, and say so. */
    ACT,
    /** 503, and nothing has happened. */
    FAIL,
    /** Act, and never tell. */
    ACT_AND_HANG_UP,
    /** Wait until released, then act. */
    WAIT_AND_ACT,
    /** Act, then wait until released before answering. */
    ACT_AND_WAIT
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Integer> calls = new ConcurrentHashMap<>();
  private final Map<String, String> effects = new ConcurrentHashMap<>();
  private final AtomicInteger received = new AtomicInteger();
  private final Semaphore gate = new Semaphore(0);
  private final AtomicInteger waiting = new AtomicInteger();
  private volatile Behaviour behaviour;

  Receiver(Behaviour behaviour) {
    this.behaviour = behaviour;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::receive);
    server.setExecutor(threads);
    server.start();
  }

  static Receiver wellBehaved() {
    return new Receiver((key, call) -> Conduct.ACT);
  }

  /** At the first call of each key this, afterwards well. */
  static Receiver atFirst(Conduct conduct) {
    return new Receiver((key, call) -> call == 1 ? conduct : Conduct.ACT);
  }

  void behave(Behaviour next) {
    behaviour = next;
  }

  String url() {
    return "http://localhost:%d/".formatted(server.getAddress().getPort());
  }

  /** A handler that calls this receiver. */
  JobHandler handler() {
    return calling(url(), Duration.ofSeconds(20));
  }

  JobHandler handler(Duration timeout) {
    return calling(url(), timeout);
  }

  /** Without the network in between, for very many calls. */
  JobHandler directly() {
    return attempt -> {
      received.incrementAndGet();
      String key = attempt.idempotencyKey();
      Conduct conduct = behaviour.of(key, calls.merge(key, 1, Integer::sum));
      if (conduct != Conduct.FAIL) {
        act(key, attempt.text());
      }
      return conduct == Conduct.ACT ? JobOutcome.done() : JobOutcome.retry("no answer");
    };
  }

  static JobHandler calling(String url, Duration timeout) {
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    return attempt -> {
      int status =
          client
              .send(
                  HttpRequest.newBuilder(URI.create(url))
                      .timeout(timeout)
                      .header("Idempotency-Key", attempt.idempotencyKey())
                      .POST(BodyPublishers.ofByteArray(attempt.payload()))
                      .build(),
                  BodyHandlers.discarding())
              .statusCode();
      return status == 200 ? JobOutcome.done() : JobOutcome.retry("HTTP status " + status);
    };
  }

  /** Key to payload, of what has happened. */
  Map<String, String> effects() {
    return effects;
  }

  int calls() {
    return received.get();
  }

  int calls(JobKey key) {
    return calls.getOrDefault(key.idempotencyKey(), 0);
  }

  int waiting() {
    return waiting.get();
  }

  void release() {
    gate.release(1_000_000);
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      String key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
      String body = new String(exchange.getRequestBody().readAllBytes());
      received.incrementAndGet();
      switch (behaviour.of(key, calls.merge(key, 1, Integer::sum))) {
        case ACT -> act(key, body);
        case FAIL -> {
          exchange.sendResponseHeaders(503, -1);
          return;
        }
        case ACT_AND_HANG_UP -> {
          act(key, body);
          return;
        }
        case WAIT_AND_ACT -> {
          pass();
          act(key, body);
        }
        case ACT_AND_WAIT -> {
          act(key, body);
          pass();
        }
      }
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private void act(String key, String body) {
    // A receiver that honours the key acts on the first call only.
    effects.merge(key, body, (first, again) -> first);
  }

  private void pass() {
    waiting.incrementAndGet();
    gate.acquireUninterruptibly();
    waiting.decrementAndGet();
  }

  @Override
  public void close() {
    release();
    server.stop(0);
    threads.shutdownNow();
  }
}
