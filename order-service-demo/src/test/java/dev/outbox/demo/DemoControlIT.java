package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** All harm that the demonstration offers, done to it for real while customers place orders. */
@Tag("slow")
class DemoControlIT {

  private static final String TOPIC = "outbox.event.Order";

  private final JsonMapper json = JsonMapper.builder().build();
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<String> placed = new CopyOnWriteArrayList<>();
  private volatile boolean shopping = true;

  @TempDir private Path temporary;

  @Test
  void whateverIsBrokenEachOrderIsOnTheTopicAndAppliedOnce() throws Exception {
    ExecutorService customer = Executors.newSingleThreadExecutor();
    try (RunningDemo demo =
        RunningDemo.start(temporary, RunningDemo.ORDER_SERVICE_JAR, "--orders", "1")) {
      // Given a customer who never stops
      demo.awaitText("Ctrl-C stops everything");
      String shop = demo.says("The shop.* (http://localhost:[0-9]+)/\n");
      Future<?> customers =
          customer.submit(
              () -> {
                placeOrders(shop);
                return null;
              });
      awaitMoreOrders();
      // And a stranger, who can do nothing
      assertThat(
              http.send(
                      demo.control("kill-relay").POST(HttpRequest.BodyPublishers.noBody()).build(),
                      BodyHandlers.ofString())
                  .statusCode())
          .isEqualTo(401);
      assertThat(state(demo).at("/relay/kills").asInt()).isZero();

      // When all harm is done, then it is true harm
      ProcessHandle relay = demo.processOf(RunningDemo.RELAY);
      assertThat(harm(demo, "kill-relay").get("kills").asInt()).isEqualTo(1);
      assertThat(relay.isAlive()).isFalse();
      awaitMoreOrders();

      JsonNode storm = harm(demo, "retry-storm");
      assertThat(storm.get("requests").asInt()).isEqualTo(320);
      assertThat(storm.get("keys").asInt()).isEqualTo(10);
      assertThat(storm.get("distinctAnswers").asInt()).isEqualTo(1);
      assertThat(storm.get("droppedAnswers").asInt()).isPositive();

      List<String> started = demo.ask("select pg_postmaster_start_time()");
      harm(demo, "restart-database");
      assertThat(demo.ask("select pg_postmaster_start_time()")).isNotEqualTo(started);
      awaitMoreOrders();

      ProcessHandle broker = demo.processOf(RunningDemo.BROKER);
      assertThat(harm(demo, "stop-broker").get("millis").asInt()).isGreaterThan(4_999);
      assertThat(broker.isAlive()).isFalse();

      assertThat(harm(demo, "replay").get("rows").asInt()).isPositive();

      // Then everything is up, and is in use
      JsonNode state = state(demo);
      assertThat(state.at("/relay/up").asBoolean()).as(state.toString()).isTrue();
      assertThat(state.at("/broker/up").asBoolean()).as(state.toString()).isTrue();
      assertThat(state.at("/database/up").asBoolean()).as(state.toString()).isTrue();
      awaitMoreOrders();
      shopping = false;
      customers.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      // And each order, whenever it was placed, is on the topic and applied once
      assertOnTopic(demo, placed);
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(booked(demo)).containsExactlyInAnyOrderElementsOf(all(demo)));
      assertThat(all(demo)).containsAll(placed).doesNotHaveDuplicates();
      // And the terminal has outlived it all
      demo.awaitText(" " + placed.get(placed.size() - 1).substring(0, 8) + " ");

      // When the relay dies by itself
      demo.rememberProcesses();
      demo.processOf(RunningDemo.RELAY).destroyForcibly();
      // Then the demonstration says so, ends, and leaves nothing
      assertThat(demo.process().awaitExit(PATIENCE)).isEqualTo(1);
      assertThat(demo.output()).contains("The relay has ended with exit code 137");
      demo.assertNoProcessIsLeft();
    } finally {
      shopping = false;
      customer.shutdownNow();
    }
  }

  private JsonNode harm(RunningDemo demo, String name) throws Exception {
    HttpResponse<String> answer = demo.harm(name).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(json.readTree(answer.body()).get("what").asString()).isNotBlank();
    return json.readTree(answer.body());
  }

  private JsonNode state(RunningDemo demo) throws Exception {
    return json.readTree(
        http.send(demo.withToken("state").build(), BodyHandlers.ofString()).body());
  }

  /** One order after the other, each asked for until it is accepted. */
  private void placeOrders(String shop) throws InterruptedException {
    while (shopping) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(shop + "/orders"))
              .header("Content-Type", "application/json")
              .header("Idempotency-Key", "\"" + UUID.randomUUID() + "\"")
              .timeout(Duration.ofSeconds(60))
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"userId\":\"ada\",\"productId\":\"milk\",\"quantity\":1}"))
              .build();
      boolean accepted = false;
      while (!accepted) {
        HttpResponse<String> answer;
        try {
          answer = http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
          throw new AssertionError("The order service, which nobody harms, does not answer", e);
        }
        accepted = answer.statusCode() == 201;
        if (accepted) {
          placed.add(json.readTree(answer.body()).get("id").asString());
        }
      }
    }
  }

  private void awaitMoreOrders() {
    int before = placed.size();
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(placed).hasSizeGreaterThan(before + 1));
  }

  /** Reads the topic from its beginning until all these orders, and a replayed event, have come. */
  private static void assertOnTopic(RunningDemo demo, List<String> orders) {
    Set<String> missing = new HashSet<>(orders);
    boolean replayed = false;
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", demo.says("Kafka +(localhost:[0-9]+)")),
            new StringDeserializer(),
            new StringDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(TOPIC).stream()
              .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!(missing.isEmpty() && replayed) && System.nanoTime() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          missing.remove(record.key());
          replayed |= record.headers().lastHeader("outbox-replay") != null;
        }
      }
    }
    assertThat(missing).as("orders that are not on the topic").isEmpty();
    assertThat(replayed).as("an event that was replayed").isTrue();
  }

  /** Every order that there is, those of the retry storm too. */
  private static List<String> all(RunningDemo demo) throws SQLException {
    return demo.ask("select id::text from orders");
  }

  /** The order of every booking; the ledger's own key would hide a second one. */
  private static List<String> booked(RunningDemo demo) throws SQLException {
    return demo.ask("select aggregate_id from effect where consumer = 'stock'");
  }
}
