package dev.outbox.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.demo.RetryStorm;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
@Tag("slow")
class RetryStormTest {

  private static final int CLIENTS = 64;
  private static final int KEYS = 50;

  /** One answer in so many is lost, and with it those to all who wait at that moment. */
  private static final int LOST = 100;

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static @Nullable LocalPostgres postgres;
  private static @Nullable KafkaServer kafka;

  @Autowired private JdbcClient database;
  @LocalServerPort private int port;

  @BeforeAll
  static void startDatabase(KafkaServer server) {
    kafka = server;
    ShopTopics.deleteAll(server);
    postgres = LocalPostgres.builder().start();
  }

  @AfterAll
  static void stopDatabase() {
    postgres().close();
  }

  @DynamicPropertySource
  static void settings(DynamicPropertyRegistry registry) {
    ShopDatabase.register(registry, RetryStormTest::postgres);
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
    database.sql("truncate orders, outbox_event, idempotency_key cascade").update();
    RetryStorm storm = new RetryStorm(port, new RetryStorm.Size(CLIENTS, requests, KEYS, LOST));
    RetryStorm.Result result;
    ExecutorService background = Executors.newSingleThreadExecutor();
    try {
      // When clients ask, each again until it is answered, while answers get lost
      Future<RetryStorm.Result> blowing = background.submit(() -> storm.run(PATIENCE));
      // And the database is killed twice
      for (int kill = 1; kill <= 2; kill++) {
        int due = kill * CLIENTS * requests / 3;
        await().atMost(PATIENCE).until(() -> storm.answered() >= due || blowing.isDone());
        postgres().kill();
        postgres().start();
      }
      result = blowing.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } finally {
      background.shutdownNow();
    }
    // Then each was answered, with the same for the same key
    assertThat(result.answered()).isEqualTo(CLIENTS * requests);
    assertThat(result.answers())
        .hasSize(KEYS)
        .allSatisfy((key, texts) -> assertThat(texts).hasSize(1));
    assertThat(result.distinctAnswers()).isEqualTo(1);
    // And each key had one effect: order and event
    assertThat(count("orders")).isEqualTo(KEYS);
    assertThat(count("order_line")).isEqualTo(KEYS);
    assertThat(count("outbox_event")).isEqualTo(KEYS);
    // And the storm was one
    assertThat(result.dropped()).as("answers that got lost").isGreaterThan(KEYS);
    assertThat(result.refused()).as("refusals while the database was away").isPositive();
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
