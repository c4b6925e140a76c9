package dev.outbox.idempotency.inbox.spring.kafka;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.inbox.spring.InboxAutoConfiguration;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.backoff.FixedBackOff;

/** Real listeners: single records and batches, typed values, Spring's own error handler. */
@WithLocalStack
class KafkaInboxTest {

  private final String topic = "outbox.event." + UUID.randomUUID();
  private final KafkaServer kafka;
  private final JdbcTemplate jdbc;
  private final ApplicationContextRunner application;

  KafkaInboxTest(PostgresServer postgres, KafkaServer kafka) {
    this.kafka = kafka;
    kafka.createTopic(topic, 1);
    DataSource dataSource = TestDatabase.ofOwner(postgres).dataSource();
    this.jdbc = new JdbcTemplate(dataSource);
    jdbc.execute("create table effect (n bigint generated always as identity, event_id text)");
    this.application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    InboxAutoConfiguration.class,
                    InboxKafkaAutoConfiguration.class))
            .withBean(DataSource.class, () -> dataSource)
            .withBean(JdbcTemplate.class, () -> jdbc)
            .withPropertyValues("topic=" + topic, "brokers=" + kafka.bootstrapServers());
  }

  @Test
  void recordByRecordEachEventTakesEffectOnce() {
    run(
        SingleRecords.class,
        context -> {
          // When
          publish("e1", "e2", "e1", "e3");

          // Then
          awaitEffects("e1", "e2", "e3");
          awaitCommitted(4);
        });
  }

  @Test
  void aFailureBetweenTheCommitOfTheDatabaseAndThatOfTheOffsetsLeadsToARepeat() {
    run(
        SingleRecords.class,
        context -> {
          // Given: after the first commit the listener fails, as a container that is stopped does
          SingleRecords listener = context.getBean(SingleRecords.class);
          listener.failuresBehindTheCommit.set(1);

          // When
          publish("e1", "e2");

          // Then
          awaitEffects("e1", "e2");
          awaitCommitted(2);
          assertThat(listener.outcomes).containsExactly("e1 true", "e1 false", "e2 true");
        });
  }

  @Test
  void anEffectThatFailsIsRolledBackWithItsMarkerAndAppliedAtTheNextAttempt() {
    run(
        SingleRecords.class,
        context -> {
          // Given
          SingleRecords listener = context.getBean(SingleRecords.class);
          listener.failuresInside.set(2);

          // When
          publish("e1");

          // Then
          awaitEffects("e1");
          assertThat(listener.outcomes).containsExactly("e1 true");
        });
  }

  @Test
  void aBatchIsOneTransactionAndARepeatWithinItCountsOnce() {
    // Given: published first, so that they come in one poll
    publish("e1", "e2", "e1", "e3");
    run(
        Batches.class,
        context -> {
          // Then
          awaitEffects("e1", "e2", "e3");
          awaitCommitted(4);
          assertThat(jdbc.queryForList("select distinct xmin::text from effect", String.class))
              .hasSize(1);
        });
  }

  @Test
  void aRecordThatFailsInABatchDoesNotTakeThoseBeforeItAlongAndIsTriedAgain() {
    // Given
    publish("e1", "e2", "poison", "e4");
    run(
        Batches.class,
        context -> {
          // When: what stands before it is applied, and its offsets are committed
          Batches listener = context.getBean(Batches.class);
          awaitEffects("e1", "e2");
          awaitCommitted(2);
          listener.healed = true;

          // Then
          awaitEffects("e1", "e2", "poison", "e4");
          awaitCommitted(4);
        });
  }

  @Test
  void aBatchListenerMayRecogniseByPosition() {
    // Given
    publishAt("00000001-0000000000000001-00000000", "e1");
    publishAt("00000001-0000000000000002-00000000", "e2");
    publishAt("00000001-0000000000000001-00000000", "e1");
    run(
        BatchesByPosition.class,
        context -> {
          // Then
          awaitEffects("e1", "e2");
          awaitCommitted(3);
          assertThat(jdbc.queryForObject("select count(*) from inbox_position", Long.class))
              .isEqualTo(1);
        });
  }

  @Test
  void aTransactionAroundTheCallIsRefused() {
    application.run(
        context -> {
          KafkaInbox inbox = context.getBean(KafkaInboxes.class).forConsumer("shipping");
          TransactionTemplate outer =
              new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
          assertThatThrownBy(
                  () ->
                      outer.executeWithoutResult(
                          status -> {
                            try {
                              var unused =
                                  inbox.apply(
                                      new ConsumerRecord<>("t", 0, 0, "k", "v"), record -> {});
                            } catch (RuntimeException e) {
                              throw e;
                            } catch (Exception e) {
                              throw new IllegalArgumentException(e);
                            }
                          }))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("Take @Transactional off");
        });
  }

  @Test
  void aRecordThatDoesNotSayWhichEventItIsIsNamedToTheErrorHandler() {
    application.run(
        context -> {
          KafkaInbox inbox = context.getBean(KafkaInboxes.class).forConsumer("shipping");
          ConsumerRecord<String, String> good = new ConsumerRecord<>("t", 0, 0, "k", "v");
          good.headers().add("id", "e1".getBytes(UTF_8));
          good.headers().add("ce_source", "orders".getBytes(UTF_8));
          ConsumerRecord<String, String> bad = new ConsumerRecord<>("t", 0, 1, "k", "v");
          assertThatThrownBy(
                  () ->
                      inbox.applyBatch(
                          List.of(good, bad),
                          record -> jdbc.update("insert into effect (event_id) values ('e1')")))
              .isInstanceOf(BatchListenerFailedException.class)
              .hasRootCauseMessage("it has no header 'ce_source'");
          awaitEffects("e1");
        });
  }

  @Test
  void aRecordThatFailsOnlyAfterALaterOneDidIsNamedToo() {
    application.run(
        context -> {
          // Given: e2 fails when it is applied again without the poison
          Map<String, Integer> attempts = new HashMap<>();
          RecordEffect<String, String> effect =
              record -> {
                jdbc.update("insert into effect (event_id) values (?)", record.value());
                int attempt = attempts.merge(record.value(), 1, Integer::sum);
                if (record.value().equals("poison")
                    || (record.value().equals("e2") && attempt > 1)) {
                  throw new IOException("no");
                }
              };

          // Then
          assertThatThrownBy(
                  () -> inbox(context).applyBatch(records("e1", "e2", "e3", "poison"), effect))
              .asInstanceOf(type(BatchListenerFailedException.class))
              .extracting(BatchListenerFailedException::getRecord)
              .extracting(record -> ((ConsumerRecord<?, ?>) record).value())
              .isEqualTo("e2");
          awaitEffects("e1");
        });
  }

  @Test
  void aDatabaseThatIsAwayIsNoRecordsFault() {
    application.run(
        context -> {
          // Given: away at e2, and away while what stands before the poison is applied
          RecordEffect<String, String> away =
              record -> {
                if (record.value().equals("e2")) {
                  throw new IllegalStateException(new SQLException("away", "08006"));
                }
              };
          AtomicInteger attempts = new AtomicInteger();
          RecordEffect<String, String> awayLater =
              record -> {
                if (record.value().equals("poison")) {
                  throw new IOException("no");
                } else if (attempts.incrementAndGet() > 2) {
                  throw new SQLException("away", "57P01");
                }
              };

          // Then
          assertThatThrownBy(() -> inbox(context).applyBatch(records("e1", "e2"), away))
              .isExactlyInstanceOf(IllegalStateException.class);
          assertThatThrownBy(
                  () -> inbox(context).applyBatch(records("e1", "e2", "poison"), awayLater))
              .isExactlyInstanceOf(SQLException.class);
          assertThat(jdbc.queryForList("select 1 from inbox_event")).isEmpty();
        });
  }

  @Test
  void aRecordWhoseEffectIsRefusedByTheCommitAloneIsFoundAndNamed() {
    jdbc.execute("alter table effect add unique (event_id) deferrable initially deferred");
    jdbc.update("insert into effect (event_id) values ('e2')");
    application.run(
        context -> {
          // Given
          RecordEffect<String, String> effect =
              record -> jdbc.update("insert into effect (event_id) values (?)", record.value());

          // Then
          assertThatThrownBy(() -> inbox(context).applyBatch(records("e1", "e2", "e3"), effect))
              .asInstanceOf(type(BatchListenerFailedException.class))
              .extracting(BatchListenerFailedException::getRecord)
              .extracting(record -> ((ConsumerRecord<?, ?>) record).value())
              .isEqualTo("e2");
          awaitEffects("e2", "e1");
        });
  }

  @Test
  void anErrorOfTheEffectIsTheRecordsAndOneOfTheMachineIsNot() {
    application.run(
        context -> {
          // Given
          KafkaInbox inbox = inbox(context);
          RecordEffect<String, String> overflowing =
              record -> {
                if (record.value().equals("e2")) {
                  throw new StackOverflowError();
                }
              };
          RecordEffect<String, String> exhausting =
              record -> {
                throw new OutOfMemoryError();
              };

          // Then
          assertThatThrownBy(() -> inbox.applyBatch(records("e1", "e2"), overflowing))
              .asInstanceOf(type(BatchListenerFailedException.class))
              .extracting(BatchListenerFailedException::getRecord)
              .extracting(record -> ((ConsumerRecord<?, ?>) record).value())
              .isEqualTo("e2");
          assertThatThrownBy(() -> inbox.apply(records("e2").get(0), overflowing))
              .isInstanceOf(IllegalStateException.class)
              .hasCauseInstanceOf(StackOverflowError.class);
          assertThatThrownBy(() -> inbox.applyBatch(records("e3"), exhausting))
              .isInstanceOf(OutOfMemoryError.class);
          assertThatThrownBy(() -> inbox.apply(records("e3").get(0), exhausting))
              .isInstanceOf(OutOfMemoryError.class);
        });
  }

  private static KafkaInbox inbox(ApplicationContext context) {
    return context.getBean(KafkaInboxes.class).forConsumer("shipping");
  }

  private static List<ConsumerRecord<String, String>> records(String... ids) {
    List<ConsumerRecord<String, String>> records = new ArrayList<>();
    for (String id : ids) {
      ConsumerRecord<String, String> record =
          new ConsumerRecord<>("t", 0, records.size(), "key", id);
      record.headers().add("id", id.getBytes(UTF_8));
      record.headers().add("ce_source", "orders".getBytes(UTF_8));
      records.add(record);
    }
    return records;
  }

  @Test
  void withoutSpringKafkaNothingOfItIsConfigured() {
    application
        .withClassLoader(
            new org.springframework.boot.test.context.FilteredClassLoader(
                "org.springframework.kafka"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(KafkaInboxes.class));
  }

  private void run(Class<?> listener, ContextConsumer<AssertableApplicationContext> then) {
    application.withUserConfiguration(Kafka.class, listener).run(then);
  }

  private void awaitEffects(String... ids) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> jdbc.queryForList("select event_id from effect order by n", String.class),
            found -> found.equals(List.of(ids)));
  }

  private void awaitCommitted(long offset) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  Optional.ofNullable(
                          admin
                              .listConsumerGroupOffsets(topic)
                              .partitionsToOffsetAndMetadata()
                              .get()
                              .get(new TopicPartition(topic, 0)))
                      .map(OffsetAndMetadata::offset)
                      .orElse(0L),
              committed -> committed == offset);
    }
  }

  private void publish(String... ids) {
    IntStream.range(0, ids.length)
        .forEach(i -> publishAt("00000001-%016x-00000000".formatted(i + 1), ids[i]));
  }

  private void publishAt(String position, String id) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new StringSerializer(),
            new StringSerializer())) {
      ProducerRecord<String, String> record = new ProducerRecord<>(topic, "key", id);
      record.headers().add("id", id.getBytes(UTF_8));
      record.headers().add("ce_source", "orders".getBytes(UTF_8));
      record.headers().add("outbox-position", position.getBytes(UTF_8));
      producer.send(record);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableKafka
  static class Kafka {
    @Bean
    ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory(
        Environment environment) {
      ConcurrentKafkaListenerContainerFactory<String, String> factory =
          new ConcurrentKafkaListenerContainerFactory<>();
      factory.setConsumerFactory(
          new DefaultKafkaConsumerFactory<>(
              Map.of(
                  "bootstrap.servers", environment.getRequiredProperty("brokers"),
                  "group.id", environment.getRequiredProperty("topic"),
                  "auto.offset.reset", "earliest",
                  "isolation.level", "read_committed",
                  "fetch.max.wait.ms", "50"),
              new StringDeserializer(),
              new StringDeserializer()));
      factory.setCommonErrorHandler(
          new DefaultErrorHandler(new FixedBackOff(20, FixedBackOff.UNLIMITED_ATTEMPTS)));
      return factory;
    }
  }

  static class SingleRecords {
    final List<String> outcomes = new CopyOnWriteArrayList<>();
    final AtomicInteger failuresInside = new AtomicInteger();
    final AtomicInteger failuresBehindTheCommit = new AtomicInteger();
    private final KafkaInbox inbox;
    private final JdbcTemplate jdbc;

    SingleRecords(KafkaInboxes inboxes, JdbcTemplate jdbc) {
      this.inbox = inboxes.forConsumer("shipping");
      this.jdbc = jdbc;
    }

    @KafkaListener(topics = "${topic}")
    void on(ConsumerRecord<String, String> record) throws Exception {
      boolean applied =
          inbox.apply(
              record,
              r -> {
                jdbc.update("insert into effect (event_id) values (?)", r.value());
                if (failuresInside.getAndDecrement() > 0) {
                  throw new IOException("no");
                }
              });
      outcomes.add(record.value() + " " + applied);
      if (failuresBehindTheCommit.getAndDecrement() > 0) {
        throw new IOException("stopped before its offset is committed");
      }
    }
  }

  static class Batches {
    volatile boolean healed;
    private final KafkaInbox inbox;
    private final JdbcTemplate jdbc;

    Batches(KafkaInboxes inboxes, JdbcTemplate jdbc) {
      this.inbox = inboxes.forConsumer("shipping");
      this.jdbc = jdbc;
    }

    @KafkaListener(topics = "${topic}", batch = "true")
    void on(List<ConsumerRecord<String, String>> records) throws Exception {
      var unused =
          inbox.applyBatch(
              records,
              record -> {
                jdbc.update("insert into effect (event_id) values (?)", record.value());
                if (record.value().equals("poison") && !healed) {
                  throw new IOException("no");
                }
              });
    }
  }

  static class BatchesByPosition {
    private final KafkaInbox inbox;
    private final JdbcTemplate jdbc;

    BatchesByPosition(KafkaInboxes inboxes, JdbcTemplate jdbc) {
      this.inbox = inboxes.byPosition("shipping");
      this.jdbc = jdbc;
    }

    @KafkaListener(topics = "${topic}", batch = "true")
    void on(List<ConsumerRecord<String, String>> records) throws Exception {
      var unused =
          inbox.applyBatch(
              records,
              record -> jdbc.update("insert into effect (event_id) values (?)", record.value()));
    }
  }
}
