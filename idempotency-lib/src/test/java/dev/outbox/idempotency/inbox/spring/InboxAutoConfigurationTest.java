package dev.outbox.idempotency.inbox.spring;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxSchemaException;
import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class InboxAutoConfigurationTest {

  private static final EventKey EVENT = new EventKey("orders", "e1");

  private final DataSource dataSource;
  private final JdbcTemplate jdbc;
  private final ApplicationContextRunner application;

  InboxAutoConfigurationTest(PostgresServer postgres) {
    this.dataSource = TestDatabase.ofOwner(postgres).dataSource();
    this.jdbc = new JdbcTemplate(dataSource);
    this.application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    InboxAutoConfiguration.class))
            .withBean(DataSource.class, () -> dataSource);
  }

  @Test
  void markerAndEffectAreCommittedWithTheSpringTransaction() {
    application.run(
        context -> {
          // Given
          jdbc.execute("create table effect (event_id text)");
          SpringInbox inbox = context.getBean(SpringInboxes.class).forConsumer("shipping");
          TransactionTemplate transactions = transactions(context);

          // When
          transactions.executeWithoutResult(
              status -> {
                deliver(inbox);
                status.setRollbackOnly();
              });
          boolean first = Boolean.TRUE.equals(transactions.execute(status -> deliver(inbox)));
          boolean second = Boolean.TRUE.equals(transactions.execute(status -> deliver(inbox)));

          // Then
          assertThat(first).isTrue();
          assertThat(second).isFalse();
          assertThat(jdbc.queryForList("select event_id from effect", String.class))
              .containsExactly("e1");
        });
  }

  @Test
  void aDatabaseErrorIsOneOfSprings() {
    application.run(
        context -> {
          SpringInbox inbox = context.getBean(SpringInboxes.class).forConsumer("shipping");
          jdbc.execute("drop table inbox_event");
          assertThatThrownBy(() -> transactions(context).execute(status -> deliver(inbox)))
              .isInstanceOf(BadSqlGrammarException.class);
        });
  }

  @Test
  void withoutASpringTransactionNothingIsWrittenAlsoWhenThePoolSwitchesAutoCommitOff() {
    DataSource autoCommitOff =
        new DelegatingDataSource(dataSource) {
          @Override
          public Connection getConnection() throws SQLException {
            Connection connection = super.getConnection();
            connection.setAutoCommit(false);
            return connection;
          }
        };
    application.run(
        context -> {
          // Given
          InboxTable table = context.getBean(InboxTable.class);
          List<SpringInbox> inboxes =
              List.of(
                  context.getBean(SpringInboxes.class).forConsumer("shipping"),
                  new SpringInboxes(table, autoCommitOff).forConsumer("shipping"));

          // Then
          assertThat(inboxes)
              .allSatisfy(
                  inbox ->
                      assertThatThrownBy(() -> inbox.process(EVENT, () -> {}))
                          .isInstanceOf(TransactionRequiredException.class)
                          .hasMessageContaining("@Transactional"));
        });
  }

  @Test
  void aRunnersHandlerJoinsTheTransactionOfTheMarker(KafkaServer kafka) {
    application.run(
        context -> {
          // Given
          jdbc.execute("create table effect (event_id text)");
          String topic = "outbox.event." + UUID.randomUUID();
          kafka.createTopic(topic, 1);
          publish(kafka, topic);
          AtomicInteger attempts = new AtomicInteger();

          // When
          try (InboxRunner runner =
              InboxRunner.builder()
                  .consumer(topic)
                  .topics(topic)
                  .kafka(Map.of("bootstrap.servers", kafka.bootstrapServers()))
                  .transactions(context.getBean(InboxTransactions.class))
                  .table(context.getBean(InboxTable.class))
                  .handler(
                      (connection, event) -> {
                        jdbc.update("insert into effect values (?)", event.id());
                        if (attempts.incrementAndGet() == 1) {
                          throw new IOException("rolls the effect back");
                        }
                      })
                  .build()) {
            runner.start();
            await()
                .atMost(PATIENCE)
                .until(() -> runner.counts().applied(), applied -> applied == 1);
          }

          // Then
          assertThat(jdbc.queryForList("select event_id from effect", String.class))
              .containsExactly("e1");
          assertThat(attempts).hasValue(2);
        });
  }

  @Test
  void theApplicationsOwnMigrationsRunFirstAndItsFlywayStaysTheOnlyOne() {
    application
        .withConfiguration(AutoConfigurations.of(FlywayAutoConfiguration.class))
        .withPropertyValues("spring.flyway.locations=classpath:db/application")
        .run(
            context -> {
              assertThat(context).hasNotFailed().hasSingleBean(Flyway.class);
              assertThat(
                      jdbc.queryForList(
                          """
                          select relname from pg_class
                          where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1
                          """,
                          String.class))
                  .containsExactly(
                      "effect",
                      "flyway_schema_history",
                      "inbox_dead_letter",
                      "inbox_event",
                      "inbox_position",
                      "outbox_idempotency_schema_history");
            });
  }

  @Test
  void schemaAndTableAreTakenFromTheProperties() {
    application
        .withPropertyValues("outbox.inbox.schema=team", "outbox.inbox.table=seen")
        .run(
            context -> {
              assertThat(context.getBean(InboxTable.class))
                  .isEqualTo(InboxTable.in("team", "seen"));
              assertThat(jdbc.queryForObject("select count(*) from team.seen", Long.class))
                  .isZero();
            });
  }

  @Test
  void aMissingTableFailsTheStartWhenItIsOnlyToBeChecked() {
    application
        .withPropertyValues("outbox.inbox.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasRootCauseInstanceOf(InboxSchemaException.class)
                    .rootCause()
                    .hasMessageContaining("outbox.inbox.migrate=true"));
  }

  @Test
  void neitherMigrationNorCheckTouchesTheDatabaseWhenSwitchedOff() {
    application
        .withPropertyValues("outbox.inbox.migrate=false", "outbox.inbox.check=false")
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(SpringInboxes.class));
  }

  @Test
  void nothingIsConfiguredWhenDisabled() {
    application
        .withPropertyValues("outbox.inbox.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(SpringInboxes.class)
                    .doesNotHaveBean(InboxTransactions.class)
                    .doesNotHaveBean(InboxTableInitializer.class));
  }

  @Test
  void everyPropertyHasItsNameAndDefaultInTheMetadata() throws IOException {
    try (InputStream metadata =
        Objects.requireNonNull(
            InboxProperties.class.getResourceAsStream(
                "/META-INF/spring-configuration-metadata.json"))) {
      String text = new String(metadata.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(text.replaceAll("\\s+", " "))
          .containsSubsequence("\"outbox.inbox.check\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.inbox.enabled\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.inbox.migrate\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.inbox.schema\"")
          .containsSubsequence("\"outbox.inbox.table\"", "\"defaultValue\": \"inbox_event\"");
    }
  }

  private boolean deliver(SpringInbox inbox) {
    return inbox.process(EVENT, () -> jdbc.update("insert into effect values (?)", EVENT.id()));
  }

  private static TransactionTemplate transactions(ApplicationContext context) {
    return new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
  }

  private static void publish(KafkaServer kafka, String topic) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new StringSerializer(),
            new StringSerializer())) {
      ProducerRecord<String, String> record = new ProducerRecord<>(topic, "key", "value");
      record.headers().add("id", EVENT.id().getBytes(StandardCharsets.UTF_8));
      record.headers().add("ce_source", EVENT.source().getBytes(StandardCharsets.UTF_8));
      producer.send(record);
    }
  }
}
