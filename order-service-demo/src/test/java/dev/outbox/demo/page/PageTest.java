package dev.outbox.demo.page;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.ShopDatabase;
import dev.outbox.demo.ShopTopics;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What stands behind the page, with the test in the relay's place, so that it can do what the relay
 * never does. What is wrong stays wrong, therefore in this order.
 */
@WithLocalStack
@DirtiesContext
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {"demo.page.max-viewers=3", "demo.page.grace=3s"})
class PageTest {

  private static final String TOPIC = "outbox.event.Order";

  private static @Nullable PostgresServer postgres;
  private static @Nullable KafkaServer kafka;

  @Autowired private JdbcClient database;
  @Autowired private JsonMapper json;
  @Autowired private LivePage page;
  @LocalServerPort private int port;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @BeforeAll
  static void takeServers(PostgresServer postgresServer, KafkaServer kafkaServer) {
    postgres = postgresServer;
    kafka = kafkaServer;
    ShopTopics.deleteAll(kafkaServer);
    kafkaServer.createTopic(TOPIC, 3);
  }

  @DynamicPropertySource
  static void settings(DynamicPropertyRegistry registry) {
    ShopDatabase.register(registry, PageTest::server);
    registry.add(
        "demo.kafka.bootstrap-servers", () -> Objects.requireNonNull(kafka).bootstrapServers());
  }

  @Test
  @Order(1)
  void anOrderIsFollowedToItsEffectsAndCounted() throws Exception {
    // Given an order, and its repeat
    String order = json.readTree(placed("k1").body()).get("id").asString();
    assertThat(placed("k1").headers().firstValue("Idempotency-Replayed")).isPresent();
    await()
        .atMost(PATIENCE)
        .until(() -> snapshot().at("/verdict/level").asString(), "AMBER"::equals);
    assertThat(snapshot().at("/trips/0/relayMillis").isNull()).isTrue();
    // When it is published, and once more as after a crash
    publish(eventOf(order), order, 1);
    publish(eventOf(order), order, 1);
    // Then
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode now = snapshot();
              assertThat(now.at("/verdict/level").asString()).as(now.toString()).isEqualTo("GREEN");
              assertThat(now.at("/trips/0/id").asString()).isEqualTo(order);
              assertThat(now.at("/trips/0/effectMillis").propertyNames())
                  .containsExactlyInAnyOrder("stock", "notifications");
              JsonNode counters = now.get("counters");
              assertThat(counters.get("asked").asInt()).isEqualTo(2);
              assertThat(counters.get("accepted").asInt()).isEqualTo(1);
              assertThat(counters.get("replayed").asInt()).isEqualTo(1);
              assertThat(counters.get("published").asInt()).isEqualTo(1);
              assertThat(counters.get("applied").asInt()).isEqualTo(2);
              assertThat(counters.get("repeatsOnTopics").asInt()).isEqualTo(1);
              assertThat(counters.get("repeatsInInboxes").asInt()).isEqualTo(2);
              assertThat(counters.get("duplicatesApplied").asInt()).isZero();
            });
  }

  @Test
  @Order(2)
  void aFormIsGoodForOneOrderWhateverTheKeys() throws Exception {
    // Given a form
    HttpResponse<String> issued = post("/page/tokens", "", "X-Shop-Page", "1");
    String token = json.readTree(issued.body()).get("token").asString();
    String cookie = issued.headers().firstValue("Set-Cookie").orElseThrow();
    assertThat(cookie).contains("HttpOnly", "SameSite=Strict");
    String visitor = cookie.substring(0, cookie.indexOf(';'));
    long before = orders();
    // When it is sent twice, by another visitor, and with a token of nobody
    assertThat(form("f1", token, "visitor=somebody-else").statusCode()).isEqualTo(400);
    assertThat(form("f2", token, visitor).statusCode()).isEqualTo(201);
    assertThat(form("f3", token, visitor).statusCode()).isEqualTo(409);
    assertThat(form("f4", "made-up", visitor).statusCode()).isEqualTo(400);
    // Then
    assertThat(orders()).isEqualTo(before + 1);
  }

  @Test
  @Order(3)
  void harmNeedsTheHeaderAKnownNameAndAControlServer() throws Exception {
    assertThat(post("/page/harm/kill-relay", "").statusCode()).isEqualTo(400);
    assertThat(post("/page/harm/anything", "", "X-Shop-Page", "1").statusCode()).isEqualTo(404);
    HttpResponse<String> refused = post("/page/harm/kill-relay", "", "X-Shop-Page", "1");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(json.readTree(refused.body()).get("detail").asString()).contains("demo.control.url");
    assertThat(snapshot().at("/control/present").asBoolean()).isFalse();
    assertThat(snapshot().at("/control/why").asString()).contains("demo.control.url");
  }

  @Test
  @Order(4)
  void thereAreOnlySoManyViewersAndOneWhoLeavesMakesRoom() throws Exception {
    List<InputStream> viewers = new ArrayList<>();
    await().atMost(PATIENCE).until(() -> page.stream().viewers() == 0);
    for (int viewer = 0; viewer < 3; viewer++) {
      HttpResponse<InputStream> stream = stream();
      assertThat(stream.statusCode()).isEqualTo(200);
      viewers.add(stream.body());
    }
    // And one that asks for the headers alone takes nobody's place
    assertThat(
            http.send(
                    HttpRequest.newBuilder(uri("/page/stream"))
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .build(),
                    BodyHandlers.discarding())
                .statusCode())
        .isEqualTo(405);
    HttpResponse<InputStream> oneTooMany = stream();
    assertThat(oneTooMany.statusCode()).isEqualTo(503);
    assertThat(oneTooMany.headers().firstValue("Retry-After")).isPresent();
    viewers.get(0).close();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              HttpResponse<InputStream> stream = stream();
              stream.body().close();
              return stream.statusCode() == 200;
            });
    for (InputStream viewer : viewers) {
      viewer.close();
    }
    await().atMost(PATIENCE).until(() -> page.stream().viewers() == 0);
  }

  @Test
  @Order(5)
  void anEffectThatIsThereTwiceIsSeenByCounting() {
    database
        .sql(
            """
            insert into effect (consumer, event_id, aggregate_id)
            select consumer, event_id, aggregate_id from effect where consumer = 'stock' limit 1
            """)
        .update();

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode now = snapshot();
              assertThat(now.at("/verdict/level").asString()).isEqualTo("RED");
              assertThat(now.at("/verdict/detail").asString()).contains("2 times by stock");
              assertThat(now.at("/counters/duplicatesApplied").asInt()).isEqualTo(1);
            });
  }

  @Test
  @Order(6)
  void aRecordWithoutARowIsSeen() throws Exception {
    String event = UUID.randomUUID().toString();
    publish(event, UUID.randomUUID().toString(), 7);

    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(wrong()).contains(event + " is on a topic"));
  }

  @Test
  @Order(7)
  void anOrderInversionIsSeen() throws Exception {
    String order = json.readTree(placed("k7").body()).get("id").asString();
    assertThat(post("/orders/" + order + "/cancel", "").statusCode()).isEqualTo(200);
    List<String> events = eventsOf(order);
    publish(events.get(1), order, 9);
    publish(events.get(0), order, 8);

    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(wrong()).contains(events.get(0) + " of " + order));
  }

  @Test
  @Order(8)
  void anEventThatIsPassedOverIsSeenAndAParkedOneIsNot() throws Exception {
    // Given three events one after the other, on the same partition for certain: of one key
    int waiting = snapshot().at("/audit/toPublish").asInt();
    UUID key = UUID.randomUUID();
    UUID lost = row(key);
    UUID parked = row(key);
    await().atMost(PATIENCE).until(() -> snapshot().at("/audit/toPublish").asInt() == waiting + 2);
    UUID later = row(key);
    // When the last one alone is published
    database
        .sql(
            """
            create table if not exists outbox_parked (id uuid, state text, reason text);
            """)
        .update();
    database
        .sql("insert into outbox_parked values (?, 'parked', 'for the test')")
        .param(parked)
        .update();
    publish(later.toString(), key.toString(), 12);
    // Then
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(wrong())
                    .contains(lost + " was passed over")
                    .doesNotContain(parked.toString()));
  }

  @Test
  @Order(9)
  void streamsEndWhenTheServiceStops() throws Exception {
    await().atMost(PATIENCE).until(() -> page.stream().viewers() == 0);
    CompletableFuture<Long> lines =
        CompletableFuture.supplyAsync(
            () -> {
              try (BufferedReader reader = reader(stream().body())) {
                return reader.lines().count();
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    await().atMost(PATIENCE).until(() -> page.stream().viewers() == 1);
    // When
    page.stop();
    // Then it ends as streams do, and is not cut
    assertThat(lines.get(5, TimeUnit.SECONDS)).isPositive();
    assertThat(stream().statusCode()).isEqualTo(503);
  }

  // ---- the page

  /** There may be a viewer too many: one who has left is noticed at the next snapshot. */
  private JsonNode snapshot() {
    return await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(this::newest, Optional::isPresent)
        .orElseThrow();
  }

  private Optional<JsonNode> newest() throws IOException, InterruptedException {
    try (BufferedReader reader = reader(stream().body())) {
      return reader
          .lines()
          .filter(line -> line.startsWith("data:"))
          .findFirst()
          .map(line -> json.readTree(line.substring("data:".length())));
    }
  }

  private String wrong() {
    return snapshot().at("/audit/wrong").toString();
  }

  private HttpResponse<InputStream> stream() throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(uri("/page/stream")).build(), BodyHandlers.ofInputStream());
  }

  private static BufferedReader reader(InputStream body) {
    return new BufferedReader(new InputStreamReader(body, UTF_8));
  }

  // ---- the shop

  private HttpResponse<String> placed(String key) throws Exception {
    return post("/orders", ORDER, "Idempotency-Key", '"' + key + '"');
  }

  private HttpResponse<String> form(String key, String token, String cookie) throws Exception {
    return post(
        "/orders",
        ORDER,
        "Idempotency-Key",
        '"' + key + '"',
        FormTokens.HEADER,
        token,
        "Cookie",
        cookie);
  }

  private static final String ORDER = "{\"userId\":\"ada\",\"productId\":\"tea\",\"quantity\":1}";

  private HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://localhost:" + port + path);
  }

  private long orders() {
    return database.sql("select count(*) from orders").query(Long.class).single();
  }

  private UUID row(UUID key) {
    UUID id = UUID.randomUUID();
    database
        .sql(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type)
            values (?, 'Order', ?, 'Nothing')
            """)
        .params(id, key.toString())
        .update();
    return id;
  }

  private String eventOf(String order) {
    return eventsOf(order).get(0);
  }

  private List<String> eventsOf(String order) {
    return database
        .sql("select id::text from outbox_event where aggregateid = ? order by seq")
        .param(order)
        .query(String.class)
        .list();
  }

  private void publish(String event, String key, int index) throws Exception {
    byte @Nullable [] payload =
        database
            .sql("select payload from outbox_event where id = ?::uuid and payload is not null")
            .param(event)
            .query(byte[].class)
            .optional()
            .orElse(null);
    String type =
        database
            .sql("select type from outbox_event where id = ?::uuid")
            .param(event)
            .query(String.class)
            .optional()
            .orElse("Nothing");
    ProducerRecord<String, byte[]> record = new ProducerRecord<>(TOPIC, key, payload);
    Map.of(
            "id", event,
            "ce_id", event,
            "ce_source", "test",
            "ce_type", type,
            "outbox-position", "00000001-%016x-00000000".formatted(index))
        .forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", Objects.requireNonNull(kafka).bootstrapServers()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      producer.send(record).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  private static PostgresServer server() {
    return Objects.requireNonNull(postgres);
  }
}
