package dev.outbox.local.demo;

import static java.net.http.HttpResponse.BodyHandlers.ofString;

import dev.outbox.local.FaultProxy;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that place orders and retry without mercy, each request until it is answered, under few
 * keys and through a network that drops answers: the order is placed and its customer never hears
 * of it. For one run.
 */
public final class RetryStorm {

  private final int port;
  private final Size size;
  private final String name = UUID.randomUUID().toString();
  private final Map<Integer, Set<String>> answers = new ConcurrentHashMap<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger dropped = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /**
   * @param port of the order service, on this machine
   */
  public RetryStorm(int port, Size size) {
    this.port = port;
    this.size = size;
  }

  /**
   * How hard it blows.
   *
   * @param clients that ask at the same time
   * @param requestsOfEach that are answered in the end
   * @param keys that all clients share
   * @param oneDropIn so many attempts; one drop takes the answers of all who wait at that moment
   */
  public record Size(int clients, int requestsOfEach, int keys, int oneDropIn) {

    /** All that are answered in the end. */
    public int requests() {
      return clients * requestsOfEach;
    }
  }

  /**
   * What came of it.
   *
   * @param answers what was answered under each key
   * @param answered requests that were answered in the end
   * @param dropped attempts whose answer was dropped
   * @param refused attempts that were answered with a refusal, and made again
   */
  public record Result(Map<Integer, Set<String>> answers, int answered, int dropped, int refused) {

    /** Answers under the key that has the most; one when all is well. */
    public int distinctAnswers() {
      return answers.values().stream().mapToInt(Set::size).max().orElse(0);
    }
  }

  /** Requests that have been answered so far. For any thread. */
  public int answered() {
    return answered.get();
  }

  /**
   * Returns when every request is answered.
   *
   * @throws DemoException when they are not in time, or an answer is neither an order nor a reason
   *     to ask again
   */
  public Result run(Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    ExecutorService clients = Executors.newFixedThreadPool(size.clients());
    try (FaultProxy network = FaultProxy.before(port)) {
      List<Future<?>> asking = new ArrayList<>();
      for (int client = 0; client < size.clients(); client++) {
        Random random = new Random(client);
        asking.add(
            clients.submit(
                () -> {
                  for (int request = 0; request < size.requestsOfEach(); request++) {
                    ask(network, random);
                  }
                  return null;
                }));
      }
      for (Future<?> client : asking) {
        client.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new DemoException("The retry storm failed: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new DemoException(
          "Only %d of %d requests of the retry storm are answered after %d s"
              .formatted(answered.get(), size.requests(), limit.toSeconds()),
          e);
    } finally {
      clients.shutdownNow();
    }
    return new Result(Map.copyOf(answers), answered.get(), dropped.get(), refused.get());
  }

  private void ask(FaultProxy network, Random random) throws InterruptedException {
    int key = random.nextInt(size.keys());
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + network.address() + "/orders"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", "\"storm-%s-%d\"".formatted(name, key))
            .timeout(Duration.ofSeconds(30))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"userId\":\"customer-%d\",\"productId\":\"tea\",\"quantity\":1}"
                        .formatted(key)))
            .build();
    for (boolean again = true; again; ) {
      if (random.nextInt(size.oneDropIn()) == 0) {
        network.cutAtAnswer();
      }
      again = !isAnswered(request, key);
    }
    answered.incrementAndGet();
  }

  private boolean isAnswered(HttpRequest request, int key) throws InterruptedException {
    try {
      HttpResponse<String> answer = http.send(request, ofString());
      if (answer.statusCode() == 201) {
        answers.computeIfAbsent(key, k -> ConcurrentHashMap.newKeySet()).add(text(answer));
        return true;
      }
      if (answer.statusCode() != 409 && answer.statusCode() < 500) {
        throw new DemoException(
            "The order service answers a retry with %d: %s"
                .formatted(answer.statusCode(), answer.body()));
      }
      refused.incrementAndGet();
    } catch (IOException e) {
      dropped.incrementAndGet();
    }
    return false;
  }

  private static String text(HttpResponse<String> answer) {
    return answer.headers().firstValue("Location").orElse("") + " " + answer.body();
  }
}
