package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.Shop.Answer;
import dev.outbox.local.FaultProxy;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The whole service over real HTTP, with the test in the relay's place. */
@WithLocalStack
@DirtiesContext
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    // A duplicate waits for the first attempt, on a busy machine too.
    properties = "outbox.idempotency.claim-wait=20s")
abstract class ShopTestBase {

  private static @Nullable PostgresServer postgres;
  private static @Nullable KafkaServer kafka;

  @Autowired private JdbcClient database;
  @LocalServerPort private int port;
  private Shop shop;

  @BeforeAll
  static void takeServers(PostgresServer postgresServer, KafkaServer kafkaServer) {
    postgres = postgresServer;
    kafka = kafkaServer;
    ShopTopics.deleteAll(kafkaServer);
  }

  /** Asked for when the application starts, which is after {@link #takeServers}. */
  @DynamicPropertySource
  static void settings(DynamicPropertyRegistry registry) {
    ShopDatabase.register(registry, ShopTestBase::postgres);
    registry.add("demo.kafka.bootstrap-servers", () -> kafka().bootstrapServers());
  }

  @BeforeEach
  void connect() {
    shop = new Shop("localhost:" + port);
  }

  Shop shop() {
    return shop;
  }

  JdbcClient database() {
    return database;
  }

  /**
   * Sends the request, loses the answer on the way, and sends it again, as a proxy does.
   *
   * @return the answer to the repeat
   */
  Answer againAfterALostAnswer(Function<Shop, Answer> request) {
    try (FaultProxy network = FaultProxy.before(port)) {
      Shop far = new Shop(network.address());
      network.cutAtAnswer();
      assertThatThrownBy(() -> request.apply(far)).isInstanceOf(Shop.LostAnswerException.class);
      return request.apply(far);
    }
  }

  /** A row of the outbox. */
  record Event(UUID id, String aggregateType, String aggregateId, String type, byte[] payload) {

    Event underAnotherId() {
      return new Event(UUID.randomUUID(), aggregateType, aggregateId, type, payload);
    }
  }

  List<Event> events(String aggregateId) {
    return database
        .sql(
            """
            select id, aggregatetype, aggregateid, type, payload
            from outbox_event where aggregateid = ? order by seq
            """)
        .param(aggregateId)
        .query(
            (row, number) ->
                new Event(
                    row.getObject("id", UUID.class),
                    row.getString("aggregatetype"),
                    row.getString("aggregateid"),
                    row.getString("type"),
                    row.getBytes("payload")))
        .list();
  }

  List<String> eventTypes(String aggregateId) {
    return events(aggregateId).stream().map(Event::type).toList();
  }

  /** As the relay would; returns when Kafka has them. */
  List<RecordMetadata> publish(List<Event> events) throws Exception {
    List<RecordMetadata> published = new ArrayList<>();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka().bootstrapServers()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      for (Event event : events) {
        ProducerRecord<String, byte[]> record =
            new ProducerRecord<>(
                ShopTopics.PREFIX + event.aggregateType(), event.aggregateId(), event.payload());
        Map.of("id", event.id().toString(), "ce_source", "test", "ce_type", event.type())
            .forEach((name, value) -> record.headers().add(name, value.getBytes(UTF_8)));
        published.add(producer.send(record).get());
      }
    }
    return published;
  }

  /** Offsets are committed after the effect, so whatever these records did is done then. */
  void awaitConsumed(String consumer, List<RecordMetadata> records) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka().bootstrapServers()))) {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                Map<TopicPartition, OffsetAndMetadata> committed =
                    admin.listConsumerGroupOffsets(consumer).partitionsToOffsetAndMetadata().get();
                for (RecordMetadata record : records) {
                  assertThat(committed.get(new TopicPartition(record.topic(), record.partition())))
                      .as("%s at %s", consumer, record)
                      .isNotNull()
                      .satisfies(at -> assertThat(at.offset()).isGreaterThan(record.offset()));
                }
              });
    }
  }

  long count(String query, Object... parameters) {
    return database.sql(query).params(parameters).query(Long.class).single();
  }

  private static PostgresServer postgres() {
    return Objects.requireNonNull(postgres);
  }

  private static KafkaServer kafka() {
    return Objects.requireNonNull(kafka);
  }
}
