package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.client.EntityExchangeResult;
import org.springframework.test.web.servlet.client.RestTestClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole service, with the test in the relay's place. */
@WithLocalStack
@DirtiesContext
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class OrderServiceTest {

  private static final String TOPIC = "outbox.event.Order";

  private static @Nullable PostgresServer postgres;
  private static @Nullable KafkaServer kafka;

  @Autowired private JdbcClient database;
  @Autowired private JsonMapper json;
  @LocalServerPort private int port;
  private RestTestClient http;

  @BeforeAll
  static void takeServers(PostgresServer postgresServer, KafkaServer kafkaServer) {
    postgres = postgresServer;
    kafka = kafkaServer;
    ShopTopics.deleteAll(kafkaServer);
    kafkaServer.createTopic(TOPIC, 3);
  }

  /** Asked for when the application starts, which is after {@link #takeServers}. */
  @DynamicPropertySource
  static void settings(DynamicPropertyRegistry registry) {
    ShopDatabase.register(registry, OrderServiceTest::postgres);
    registry.add("demo.kafka.bootstrap-servers", () -> kafka().bootstrapServers());
  }

  @BeforeEach
  void connect() {
    http = RestTestClient.bindToServer().baseUrl("http://localhost:" + port).build();
  }

  @Test
  void anOrderAndItsEventCommitTogether() {
    // When an order is placed
    EntityExchangeResult<byte[]> answer = post(order("ada", "tea", 2));
    // Then it is answered with its address
    assertThat(answer.getStatus().value()).isEqualTo(201);
    JsonNode order = json.readTree(answer.getResponseBody());
    String id = order.get("id").asString();
    assertThat(answer.getResponseHeaders().getLocation())
        .isEqualTo(URI.create("http://localhost:" + port + "/orders/" + id));
    assertThat(json.readTree(get("/orders/" + id).getResponseBody())).isEqualTo(order);
    // And both rows came from one transaction, the event with the line item's id
    Map<String, @Nullable Object> row =
        database
            .sql(
                """
                select aggregatetype, type, payload, e.xmin = o.xmin as together
                from outbox_event e, orders o where aggregateid = ?::text and o.id = ?::uuid
                """)
            .params(id, id)
            .query()
            .singleRow();
    assertThat(row)
        .containsEntry("aggregatetype", "Order")
        .containsEntry("type", "OrderPlaced")
        .containsEntry("together", true);
    JsonNode event = json.readTree((byte[]) Objects.requireNonNull(row.get("payload")));
    assertThat(event.get("orderId")).isEqualTo(order.get("id"));
    assertThat(event.get("userId").asString()).isEqualTo("ada");
    assertThat(event.get("lines")).isEqualTo(order.get("lines")).hasSize(1);
    assertThat(order.get("lines").get(0).get("productId").asString()).isEqualTo("tea");
    assertThat(order.get("lines").get(0).get("quantity").asInt()).isEqualTo(2);
    assertThat(UUID.fromString(order.get("lines").get(0).get("lineItemId").asString())).isNotNull();
  }

  @Test
  void aFailureAfterTheAppendRollsBothBack() {
    // Given a transaction that fails as late as possible: when it commits
    database
        .sql(
            """
            create function refuse() returns trigger language plpgsql as
              $$ begin raise exception 'refused at commit'; end $$;
            create constraint trigger refusal after insert on orders
              deferrable initially deferred for each row
              when (new.user_id = 'unlucky') execute function refuse();
            """)
        .update();
    long eventsBefore = count("select count(*) from outbox_event");
    // When
    EntityExchangeResult<byte[]> answer = post(order("unlucky", "tea", 1));
    // Then
    assertThat(answer.getStatus().value()).isEqualTo(500);
    assertThat(count("select count(*) from orders where user_id = 'unlucky'")).isZero();
    assertThat(count("select count(*) from outbox_event")).isEqualTo(eventsBefore);
  }

  @Test
  void anEventDeliveredAgainTakesEffectOnce() throws Exception {
    // Given an order whose event is published
    Event event = placed("coffee", 3);
    publish(event, event.id());
    await().atMost(PATIENCE).until(() -> soldOf("coffee") == -3);
    // When the relay publishes it twice more, as after a crash
    publish(event, event.id());
    long offset = publish(event, event.id());
    // Then the consumer has passed the repeats and the ledger has not changed
    awaitConsumed(offset);
    assertThat(soldOf("coffee")).isEqualTo(-3);
    assertThat(ledgerRowsOf(event)).isEqualTo(1);
  }

  @Test
  void anOrderToldAgainByAnotherEventIsBookedOnce() throws Exception {
    // Given an order that is booked
    Event event = placed("cocoa", 4);
    publish(event, event.id());
    await().atMost(PATIENCE).until(() -> soldOf("cocoa") == -4);
    // When somebody publishes the same order under a new event id, which no inbox can know
    long offset = publish(event, UUID.randomUUID().toString());
    // Then
    awaitConsumed(offset);
    assertThat(soldOf("cocoa")).isEqualTo(-4);
    assertThat(ledgerRowsOf(event)).isEqualTo(1);
  }

  @Test
  void ordersOfOneProductAddUp() throws Exception {
    for (int quantity : List.of(1, 2, 3)) {
      Event event = placed("milk", quantity);
      publish(event, event.id());
    }
    await().atMost(PATIENCE).until(() -> soldOf("milk") == -6);
  }

  @Test
  void aProductNeverOrderedHasNoChange() {
    assertThat(soldOf("caviar")).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "userId    | {'productId':'tea','quantity':1}",
        "userId    | {'userId':' ','productId':'tea','quantity':1}",
        "productId | {'userId':'ada','quantity':1}",
        "productId | {'userId':'ada','productId':'a\\u0000b','quantity':1}",
        "productId | {'userId':'ada','productId':'a\\ud800b','quantity':1}",
        "quantity  | {'userId':'ada','productId':'tea'}",
        "quantity  | {'userId':'ada','productId':'tea','quantity':0}",
        "quantity  | {'userId':'ada','productId':'tea','quantity':2.5}",
        "quantity  | {'userId':'ada','productId':'tea','quantity':'many'}",
      })
  void aBadFieldIsNamed(String field, String body) {
    // When
    EntityExchangeResult<byte[]> answer = post(body.replace('\'', '"'));
    // Then
    assertThat(answer.getStatus().value()).isEqualTo(400);
    assertThat(answer.getResponseHeaders().getContentType())
        .isEqualTo(MediaType.APPLICATION_PROBLEM_JSON);
    JsonNode problem = json.readTree(answer.getResponseBody());
    assertThat(problem.get("status").asInt()).isEqualTo(400);
    assertThat(problem.get("detail").asString()).startsWith(field + " ");
    assertThat(problem.get("errors").get(0).get("field").asString()).isEqualTo(field);
  }

  @Test
  void aBodyThatIsNotJsonIsRefused() {
    EntityExchangeResult<byte[]> answer = post("two teas, please");

    assertThat(answer.getStatus().value()).isEqualTo(400);
    assertThat(json.readTree(answer.getResponseBody()).get("detail").asString())
        .isEqualTo("The body is not a JSON object");
  }

  @Test
  void anUnknownOrderIsNotFound() {
    UUID id = UUID.randomUUID();

    EntityExchangeResult<byte[]> answer = get("/orders/" + id);

    assertThat(answer.getStatus().value()).isEqualTo(404);
    assertThat(json.readTree(answer.getResponseBody()).get("detail").asString())
        .isEqualTo("There is no order " + id);
  }

  @Test
  void healthTellsOfTheConsumer() {
    JsonNode health = json.readTree(get("/actuator/health").getResponseBody());

    assertThat(health.get("status").asString()).isEqualTo("UP");
    assertThat(health.at("/components/stockConsumer/details/state").asString())
        .isEqualTo("Running");
  }

  /** What the relay would publish, and where its record lands on the topic. */
  private record Event(String id, String orderId, byte[] payload) {}

  private Event placed(String product, int quantity) {
    JsonNode order = json.readTree(post(order("ada", product, quantity)).getResponseBody());
    String orderId = order.get("id").asString();
    return database
        .sql("select id::text, payload from outbox_event where aggregateid = ?")
        .param(orderId)
        .query((row, number) -> new Event(row.getString("id"), orderId, row.getBytes("payload")))
        .single();
  }

  private long publish(Event event, String eventId) throws Exception {
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(TOPIC, 0, event.orderId(), event.payload());
    Map.of("id", eventId, "ce_source", "test", "ce_type", "OrderPlaced")
        .forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka().bootstrapServers()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      return producer.send(record).get().offset();
    }
  }

  /** Offsets are committed after the effect, so the ledger is final then. */
  private static void awaitConsumed(long offset) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka().bootstrapServers()))) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  admin
                      .listConsumerGroupOffsets("stock")
                      .partitionsToOffsetAndMetadata()
                      .get()
                      .values()
                      .stream()
                      .filter(Objects::nonNull)
                      .mapToLong(OffsetAndMetadata::offset)
                      .anyMatch(committed -> committed > offset));
    }
  }

  private long ledgerRowsOf(Event event) {
    return count(
        "select count(*) from stock_ledger where order_id = '" + event.orderId() + "'::uuid");
  }

  private long count(String query) {
    return database.sql(query).query(Long.class).single();
  }

  private long soldOf(String product) {
    return json.readTree(get("/stock/" + product).getResponseBody()).get("change").asLong();
  }

  private static String order(String user, String product, int quantity) {
    return "{\"userId\":\"%s\",\"productId\":\"%s\",\"quantity\":%d}"
        .formatted(user, product, quantity);
  }

  private EntityExchangeResult<byte[]> post(String body) {
    return http.post()
        .uri("/orders")
        .header("Idempotency-Key", "\"" + UUID.randomUUID() + "\"")
        .contentType(MediaType.APPLICATION_JSON)
        .body(body)
        .exchange()
        .returnResult(byte[].class);
  }

  private EntityExchangeResult<byte[]> get(String path) {
    return http.get().uri(path).exchange().returnResult(byte[].class);
  }

  private static PostgresServer postgres() {
    return Objects.requireNonNull(postgres);
  }

  private static KafkaServer kafka() {
    return Objects.requireNonNull(kafka);
  }
}
