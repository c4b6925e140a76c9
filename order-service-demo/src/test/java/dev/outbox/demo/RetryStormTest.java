package dev.outbox.demo;

import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Clients that retry without mercy, against a service whose network and database fail. */
@WithLocalStack
@DirtiesContext
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      // A request that finds no database is told so soon, and retried.
      "spring.datasource.hikari.connection-timeout=2000",
      // Each of thousands of requests says that it found no database.
      "logging.level.dev.outbox=off",
      "logging.level.org.springframework=off",
      "logging.level.com.zaxxer=off"
    })
class RetryStormTest {

  private static final int CLIENTS = 64;
  private static final int KEYS = 50;

  /** One answer in so many is lost, and with it those to all who wait at that moment. */
  private static final int LOST = 100;

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static @Nullable LocalPostgres postgres;
  private static @Nullable KafkaServer kafka;

  private final Map<Integer, Set<String>> answers = new ConcurrentHashMap<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Autowired private JdbcClient database;
  @LocalServerPort private int port;

  @BeforeAll
  static void startDatabase(KafkaServer server) {
    kafka = server;
    postgres = LocalPostgres.builder().start();
  }

  @AfterAll
  static void stopDatabase() {
    postgres().close();
  }

  @DynamicPropertySource
  static void settings(DynamicPropertyRegistry registry) {
    registry.add(
        "spring.datasource.url", () -> postgres().jdbcUrl(postgres().createDatabase("orders")));
    registry.add("spring.datasource.username", () -> postgres().username());
    registry.add("spring.datasource.password", () -> postgres().password());
    registry.add("demo.kafka.bootstrap-servers", () -> kafka().bootstrapServers());
  }

  @Test
  void aStormOfRetriesHasOneEffectAndOneAnswerForEachKey() throws Exception {
    storm(40);
  }

  @Test
  @Tag("long")
  void aLongStormOfRetriesHasOneEffectAndOneAnswerForEachKey() throws Exception {
    storm(200);
  }

  private void storm(int requests) throws Exception {
    database.sql("truncate orders, order_line, outbox_event, idempotency_key").update();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try (FaultProxy network = FaultProxy.before(port)) {
      // When clients ask, each again until it is answered, while answers get lost
      List<Future<?>> asking = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        Random random = new Random(client);
        asking.add(
            clients.submit(
                () -> {
                  for (int request = 0; request < requests; request++) {
                    ask(network, random);
                  }
                  return null;
                }));
      }
      // And the database is killed twice
      for (int kill = 1; kill <= 2; kill++) {
        int due = kill * CLIENTS * requests / 3;
        await().atMost(PATIENCE).until(() -> answered.get() >= due);
        postgres().kill();
        postgres().start();
      }
      for (Future<?> client : asking) {
        client.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    } finally {
      clients.shutdownNow();
    }
    // Then each was answered, with the same for the same key
    assertThat(answered).hasValue(CLIENTS * requests);
    assertThat(answers).hasSize(KEYS).allSatisfy((key, texts) -> assertThat(texts).hasSize(1));
    // And each key had one effect: order and event
    assertThat(count("orders")).isEqualTo(KEYS);
    assertThat(count("order_line")).isEqualTo(KEYS);
    assertThat(count("outbox_event")).isEqualTo(KEYS);
    // And the storm was one
    assertThat(unanswered).as("answers that got lost").hasValueGreaterThan(KEYS);
    assertThat(refused).as("refusals while the database was away").hasPositiveValue();
  }

  private void ask(FaultProxy network, Random random) throws InterruptedException {
    int key = random.nextInt(KEYS);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + network.address() + "/orders"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", "\"storm-" + key + "\"")
            .timeout(Duration.ofSeconds(30))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"userId\":\"customer-%d\",\"productId\":\"tea\",\"quantity\":1}"
                        .formatted(key)))
            .build();
    for (boolean again = true; again; ) {
      if (random.nextInt(LOST) == 0) {
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
        throw new AssertionError(answer.statusCode() + " " + answer.body());
      }
      refused.incrementAndGet();
    } catch (IOException e) {
      unanswered.incrementAndGet();
    }
    return false;
  }

  private static String text(HttpResponse<String> answer) {
    return answer.headers().firstValue("Location").orElse("") + " " + answer.body();
  }

  private long count(String table) {
    return database.sql("select count(*) from " + table).query(Long.class).single();
  }

  private static LocalPostgres postgres() {
    return Objects.requireNonNull(postgres);
  }

  private static KafkaServer kafka() {
    return Objects.requireNonNull(kafka);
  }
}
