package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.docker.WithDocker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The images and the compose file of {@code deploy/docker}, with the jars of this build. */
@Tag("container")
@WithDocker
class ComposeIT {

  /** The relay's in the compose file. */
  private static final Duration GRACE_PERIOD = Duration.ofSeconds(60);

  @TempDir private static Path directory;
  private static Compose compose;

  private final HttpClient http = HttpClient.newHttpClient();

  @BeforeAll
  static void buildAndStart() throws IOException {
    compose = new Compose(directory);
    compose.run("build");
    compose.run("up", "-d");
  }

  /** Also what a failed test has left stopped. */
  @BeforeEach
  void startAll() {
    compose.run("start");
    awaitHealthy("order-service");
    awaitHealthy("relay");
  }

  @AfterAll
  static void remove() {
    compose.close();
  }

  @Test
  void aRelayKilledAmongOrdersGoesOnAndEachOrderIsAppliedOnce() throws Exception {
    String product = "tea";
    try (Customer customer = new Customer(product)) {
      // Given orders that flow
      await().atMost(PATIENCE).until(() -> applied(product) >= 20);
      // When the relay is killed among them, and later started again
      compose.docker("kill", "--signal", "KILL", compose.container("relay"));
      assertThat(compose.inspect("relay", "{{.State.ExitCode}}")).isEqualTo("137");
      int placedWithoutRelay = customer.placed() + 30;
      await().atMost(PATIENCE).until(() -> customer.placed() >= placedWithoutRelay);
      assertThat(applied(product)).isLessThan(placedWithoutRelay);
      compose.docker("start", compose.container("relay"));
      await().atMost(PATIENCE).until(() -> applied(product) >= placedWithoutRelay);
      awaitHealthy("relay");
      // Then each order has left the stock once
      int placed = customer.stop();
      await().atMost(PATIENCE).until(() -> applied(product) >= placed);
      assertThat(applied(product)).isEqualTo(placed);
    }
    // In a container of its own: the relay's is measured for the relay alone.
    assertThat(compose.run("run", "--rm", "--no-deps", "relay", "audit"))
        .contains("Sound: nothing is lost, nothing out of order.")
        .containsPattern("lost +0\n");
  }

  @Test
  void aStopAmongOrdersEndsByItselfWithinTheGracePeriodAndLosesNothing() throws Exception {
    String product = "coffee";
    int placed;
    try (Customer customer = new Customer(product)) {
      await().atMost(PATIENCE).until(() -> applied(product) >= 20);
      long before = System.nanoTime();
      compose.run("stop", "relay");
      assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(GRACE_PERIOD);
      // 143 is the JVM's for SIGTERM; a container that is killed in the end has 137.
      assertThat(compose.inspect("relay", "{{.State.ExitCode}}")).isIn("0", "143");
      assertThat(compose.docker("logs", compose.container("relay"))).contains("Relay stopped");
      placed = customer.stop();
    }
    compose.run("stop", "order-service");
    assertThat(compose.inspect("order-service", "{{.State.ExitCode}}")).isIn("0", "143");
    startAll();
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(applied(product)).isEqualTo(placed));
  }

  @ParameterizedTest
  @ValueSource(strings = {"relay", "order-service"})
  void aServiceRunsAsNobodyOnARootFileSystemThatCannotBeWritten(String service) {
    String container = compose.container(service);
    assertThat(compose.docker("exec", container, "id", "-u")).isEqualTo("10001");
    assertThat(compose.dockerExitCode("exec", "-u", "0", container, "touch", "/application/x"))
        .isNotZero();
    assertThat(compose.dockerExitCode("exec", container, "touch", "/tmp/x")).isZero();
    // Which therefore gets the signals.
    assertThat(compose.docker("exec", container, "cat", "/proc/1/cmdline")).startsWith("java\0");
    assertThat(compose.docker("exec", container, "cat", "/proc/1/status"))
        .containsPattern("CapEff:\t0+\n")
        .contains("NoNewPrivs:\t1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"relay", "order-service", "postgres", "kafka"})
  void onlyThisMachineReachesAServiceAndNobodyIsToldThePassword(String service) {
    String container = compose.container(service);
    assertThat(
            compose.inspect(
                service, "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}"))
        .isIn("", "127.0.0.1");
    assertThat(compose.docker("inspect", container)).doesNotContain(compose.password());
    assertThat(compose.docker("logs", container)).doesNotContain(compose.password());
    assertThat(compose.docker("top", container)).doesNotContain(compose.password());
  }

  @Test
  void theHealthCheckTellsWhatIsNotHealthy() {
    String relay = compose.container("relay");
    assertThat(healthy(relay, "8081", "/actuator/health/readiness")).isZero();
    assertThat(healthy(relay, "8081", "/actuator/health/none")).isNotZero();
    assertThat(healthy(relay, "1", "/actuator/health/readiness")).isNotZero();
  }

  private static int healthy(String container, String port, String path) {
    return compose.dockerExitCode("exec", container, "/application/healthy", port, path);
  }

  private static void awaitHealthy(String service) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () ->
                assertThat(compose.inspect(service, "{{json .State}}"))
                    .as(() -> compose.docker("logs", compose.container(service)))
                    .contains("\"Status\":\"healthy\""));
  }

  /** How many orders of one piece each have left the stock. */
  private int applied(String product) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(compose.orderServiceUrl() + "/stock/" + product)).build();
    String stock = http.send(request, BodyHandlers.ofString()).body();
    return Integer.parseInt(stock.replaceAll(".*\"change\":-?(\\d+).*", "$1"));
  }

  /** Places one order after the other until stopped. */
  private final class Customer implements AutoCloseable {

    private final String product;
    private final AtomicInteger placed = new AtomicInteger();
    private final CompletableFuture<Void> placing;
    private volatile boolean stopped;

    Customer(String product) {
      this.product = product;
      placing = CompletableFuture.runAsync(this::placeOrders);
    }

    int placed() {
      // One that has failed is not to be waited for.
      if (placing.isCompletedExceptionally()) {
        placing.join();
      }
      return placed.get();
    }

    int stop() {
      stopped = true;
      placing.join();
      return placed.get();
    }

    private void placeOrders() {
      try {
        while (!stopped) {
          place();
          placed.incrementAndGet();
        }
      } catch (IOException e) {
        throw new AssertionError("An order failed", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void place() throws IOException, InterruptedException {
      String order = "{\"userId\":\"ada\",\"productId\":\"%s\",\"quantity\":1}".formatted(product);
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(compose.orderServiceUrl() + "/orders"))
              .header("content-type", "application/json")
              .header("idempotency-key", "\"" + UUID.randomUUID() + "\"")
              .POST(HttpRequest.BodyPublishers.ofString(order))
              .build();
      assertThat(http.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(201);
    }

    @Override
    public void close() {
      stopped = true;
    }
  }
}
