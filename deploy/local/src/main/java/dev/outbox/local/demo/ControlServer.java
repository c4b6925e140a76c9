package dev.outbox.local.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.outbox.local.demo.Harm.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes orders to do harm, from the page of the order service or from a shell: HTTP on this machine
 * alone, and only for who knows the token. It refuses other host names than its own too, so that no
 * foreign page that a browser shows can reach it under a name that was made to lead here.
 */
final class ControlServer implements AutoCloseable {

  private static final String HOST = "127.0.0.1";

  /** More than there are harms, so that the state is told while all of them are under way. */
  private static final int THREADS = 10;

  private static final int WAITING = 50;
  private static final Duration UNTIL_ENDED = Duration.ofSeconds(40);

  private final HttpServer server;
  private final String token = Secrets.random();
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(WAITING),
          task -> {
            Thread thread = new Thread(task, "control");
            thread.setDaemon(true);
            return thread;
          });
  private volatile @Nullable Service service;

  private ControlServer(HttpServer server) {
    this.server = server;
    server.setExecutor(threads);
    server.createContext("/", this::answer);
  }

  /** What it serves as soon as everything runs. */
  private record Service(Supplier<Map<String, ?>> state, Map<String, Harm> harms) {}

  /** An answer that is not the expected one. */
  private record Problem(int status, String title, String detail, String remedy) {}

  /** Listens at a free port, and answers that the demonstration is still starting. */
  static ControlServer open() {
    // Else a request that never ends would keep a thread for ever.
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    try {
      ControlServer control =
          new ControlServer(
              HttpServer.create(new InetSocketAddress(InetAddress.getByName(HOST), 0), 0));
      control.server.start();
      return control;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot listen at " + HOST, e);
    }
  }

  /**
   * Carries out harm from now on.
   *
   * @param harms by the names that they have in the path
   */
  void serve(Supplier<Map<String, ?>> state, Map<String, Harm> harms) {
    service = new Service(state, Map.copyOf(harms));
  }

  String url() {
    return "http://%s:%d".formatted(HOST, server.getAddress().getPort());
  }

  /** For the header {@code Authorization: Bearer TOKEN}. */
  String token() {
    return token;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Optional<Problem> refusal = refusal(exchange);
      if (refusal.isPresent()) {
        send(exchange, refusal.get());
        return;
      }
      Service running = service;
      String name = exchange.getRequestURI().getPath().substring(1);
      if (running == null) {
        send(
            exchange,
            new Problem(
                503, "Still starting", "Not everything runs yet", "Ask again in a few seconds."));
      } else if (name.equals("state")) {
        if (isMethod(exchange, "GET")) {
          send(exchange, 200, "application/json", running.state().get());
        }
      } else if (running.harms().containsKey(name)) {
        if (isMethod(exchange, "POST")) {
          carryOut(exchange, name, running.harms().get(name));
        }
      } else {
        send(
            exchange,
            new Problem(
                404,
                "Unknown",
                "There is no '%s'".formatted(name),
                "GET /state, or POST one of "
                    + running.harms().keySet().stream().sorted().toList()));
      }
    }
  }

  /** Whoever is refused learns nothing of what there is. */
  private Optional<Problem> refusal(HttpExchange exchange) {
    String host = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Host")).orElse("");
    int port = server.getAddress().getPort();
    if (!List.of(HOST + ":" + port, "localhost:" + port).contains(host)) {
      return Optional.of(
          new Problem(
              421, "Not for this server", "The header Host names another one", "Use " + url()));
    }
    String given =
        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")).orElse("");
    if (!MessageDigest.isEqual(given.getBytes(UTF_8), ("Bearer " + token).getBytes(UTF_8))) {
      exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
      return Optional.of(
          new Problem(
              401,
              "Token missing or wrong",
              "The header Authorization is not 'Bearer' and this server's token",
              "Take the token from the terminal of the demonstration."));
    }
    return Optional.empty();
  }

  private void carryOut(HttpExchange exchange, String name, Harm harm) throws IOException {
    if (!underWay.add(name)) {
      send(
          exchange,
          new Problem(
              409, "Under way", "The same harm is under way: " + name, "Wait until it is done."));
      return;
    }
    long begun = System.nanoTime();
    Outcome outcome;
    try {
      outcome = harm.carryOut();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    } catch (RuntimeException e) {
      send(
          exchange,
          new Problem(
              502,
              "Failed: " + name,
              String.valueOf(e.getMessage()),
              "Try again; if it fails again, restart the demonstration."));
      return;
    } finally {
      underWay.remove(name);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("what", outcome.what());
    answer.put("millis", Duration.ofNanos(System.nanoTime() - begun).toMillis());
    answer.putAll(outcome.figures());
    send(exchange, 200, "application/json", answer);
  }

  private static boolean isMethod(HttpExchange exchange, String method) throws IOException {
    if (exchange.getRequestMethod().equals(method)) {
      return true;
    }
    exchange.getResponseHeaders().set("Allow", method);
    send(
        exchange,
        new Problem(
            405,
            "Wrong method",
            "This is not done by " + exchange.getRequestMethod(),
            "Use " + method + "."));
    return false;
  }

  private static void send(HttpExchange exchange, Problem problem) throws IOException {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("status", problem.status());
    members.put("title", problem.title());
    members.put("detail", problem.detail());
    members.put("remedy", problem.remedy());
    send(exchange, problem.status(), "application/problem+json", members);
  }

  private static void send(HttpExchange exchange, int status, String type, Map<String, ?> members)
      throws IOException {
    byte[] body = Json.of(members).getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** Breaks off the harm that is under way, and returns when nothing of it goes on. */
  @Override
  public void close() throws InterruptedException {
    threads.shutdownNow();
    if (!threads.awaitTermination(UNTIL_ENDED.toSeconds(), TimeUnit.SECONDS)) {
      throw new DemoException("Harm is still under way: " + underWay);
    }
    server.stop(0);
  }
}
