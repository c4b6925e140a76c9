package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.test.RecordingOutbox;
import java.io.Serializable;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.boot.transaction.autoconfigure.TransactionManagerCustomizationAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ApplicationEventMulticaster;
import org.springframework.context.event.EventListener;
import org.springframework.context.event.SimpleApplicationEventMulticaster;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class DomainEventTest {

  private static TestDatabase database;
  private ApplicationContextRunner application;

  sealed interface OrderEvent {
    String orderId();
  }

  record Placed(String orderId) implements OrderEvent {}

  record Paid(String orderId) implements OrderEvent {}

  record Unmappable(String orderId) implements OrderEvent {}

  record Local(String orderId) {}

  static class Erased extends ApplicationEvent {
    private static final long serialVersionUID = 1L;

    Erased(Object source) {
      super(source);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Mappings {

    @Bean
    OutboxMapping<OrderEvent> anyOrderEvent() {
      return OutboxMapping.of(OrderEvent.class, event -> outboxEvent("Any", event.orderId()));
    }

    @Bean
    OutboxMapping<Placed> placed() {
      return OutboxMapping.of(Placed.class, event -> outboxEvent("Placed", event.orderId()));
    }

    @Bean
    OutboxMapping<Unmappable> unmappable() {
      return OutboxMapping.of(
          Unmappable.class,
          event -> {
            throw new IllegalArgumentException("no mapping for " + event.orderId());
          });
    }

    @Bean
    OutboxMapping<Erased> erased() {
      return OutboxMapping.ofSeveral(
          Erased.class, event -> List.of(outboxEvent("Erased", "1"), outboxEvent("Archived", "1")));
    }
  }

  private static OutboxEvent outboxEvent(String type, String id) {
    return OutboxEvent.of("Order", id, type, "{}");
  }

  @BeforeAll
  static void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.execute("create table purchase (id text)");
  }

  @BeforeEach
  void prepare(PostgresServer server) throws SQLException {
    database.execute("truncate outbox_event, purchase");
    application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceAutoConfiguration.class,
                    DataSourceTransactionManagerAutoConfiguration.class,
                    TransactionAutoConfiguration.class,
                    TransactionManagerCustomizationAutoConfiguration.class,
                    JdbcTemplateAutoConfiguration.class,
                    OutboxWriterAutoConfiguration.class))
            .withUserConfiguration(Mappings.class)
            .withPropertyValues(database.springProperties(database.roles().service()))
            .withPropertyValues(
                "spring.datasource.hikari.maximum-pool-size=3", "outbox.writer.migrate=false");
  }

  @Test
  void publishedEventsAreCommittedWithTheBusinessChangeInTheOrderOfPublication() {
    application.run(
        context -> {
          inTransaction(
              context,
              purchase -> {
                purchase.accept("1");
                context.publishEvent(new Placed("1"));
                context.getBean(OutboxWriter.class).append(outboxEvent("Direct", "1"));
                context.publishEvent(new Paid("1"));
                context.publishEvent(new Erased(this));
              });

          assertThat(types()).containsExactly("Placed", "Direct", "Any", "Erased", "Archived");
          assertThat(
                  database.rows("select distinct e.xmin = p.xmin from purchase p, outbox_event e"))
              .containsExactly("t");
        });
  }

  @Test
  void anEventPublishedInReactionToAnotherStandsBehindIt() {
    application
        .withUserConfiguration(PaysAtOnce.class)
        .run(
            context -> {
              inTransaction(context, purchase -> context.publishEvent(new Placed("1")));

              assertThat(types()).containsExactly("Placed", "Any");
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class PaysAtOnce {

    private final ApplicationEventPublisher events;

    PaysAtOnce(ApplicationEventPublisher events) {
      this.events = events;
    }

    @EventListener
    @Order(Ordered.HIGHEST_PRECEDENCE + 1)
    void pay(Placed placed) {
      events.publishEvent(new Paid(placed.orderId()));
    }
  }

  @Test
  void publishedOutsideOfATransactionAnEventIsRefused() {
    application.run(
        context -> {
          assertThatExceptionOfType(NoTransactionException.class)
              .isThrownBy(() -> context.publishEvent(new Placed("1")))
              .withMessageContaining("no Spring transaction is active on this thread");

          assertThat(types()).isEmpty();
        });
  }

  @Test
  void publishedAfterTheCommitAnEventIsRefused() {
    application.run(
        context -> {
          TransactionSynchronization publishing =
              new TransactionSynchronization() {
                @Override
                public void afterCommit() {
                  context.publishEvent(new Placed("1"));
                }
              };

          assertThatExceptionOfType(NoTransactionException.class)
              .isThrownBy(
                  () ->
                      inTransaction(
                          context,
                          purchase ->
                              TransactionSynchronizationManager.registerSynchronization(
                                  publishing)))
              .withMessageContaining("the Spring transaction is over");

          assertThat(types()).isEmpty();
        });
  }

  @Test
  void eventsWithoutAMappingAreNotForTheOutbox() {
    application.run(
        context -> {
          context.publishEvent(new Local("1"));

          assertThat(types()).isEmpty();
        });
  }

  @Test
  void aFailedMappingRollsTheBusinessChangeBack() {
    application.run(
        context -> {
          assertThatThrownBy(
                  () ->
                      inTransaction(
                          context,
                          purchase -> {
                            purchase.accept("1");
                            context.publishEvent(new Placed("1"));
                            context.publishEvent(new Unmappable("1"));
                          }))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessage("no mapping for 1");

          assertThat(types()).isEmpty();
          assertThat(purchases()).isEmpty();
        });
  }

  @Test
  void aFailedMappingRollsBackEvenIfItsExceptionIsCaught() {
    application.run(
        context -> {
          assertThatExceptionOfType(LostEventException.class)
              .isThrownBy(
                  () ->
                      inTransaction(
                          context,
                          purchase -> {
                            purchase.accept("1");
                            assertThatThrownBy(() -> context.publishEvent(new Unmappable("1")));
                          }))
              .withMessageContaining("no mapping for 1");

          assertThat(purchases()).isEmpty();
        });
  }

  /** Where callbacks of a transaction publish, and how far they let the exception go. */
  enum Phase {
    BEFORE_COMMIT {
      @Override
      TransactionSynchronization publishing(ApplicationContext context) {
        return new TransactionSynchronization() {
          @Override
          public void beforeCommit(boolean readOnly) {
            assertThatThrownBy(() -> context.publishEvent(new Unmappable("1")));
          }
        };
      }
    },
    BEFORE_COMPLETION {
      @Override
      TransactionSynchronization publishing(ApplicationContext context) {
        return new TransactionSynchronization() {
          @Override
          public void beforeCompletion() {
            context.publishEvent(new Unmappable("1"));
          }
        };
      }
    };

    abstract TransactionSynchronization publishing(ApplicationContext context);
  }

  @ParameterizedTest
  @EnumSource
  void aMappingThatFailsWhileTheTransactionEndsStillPreventsTheCommit(Phase phase) {
    application.run(context -> assertNotCommitted(context, phase));
  }

  @ParameterizedTest
  @EnumSource
  void aTransactionManagerOfTheApplicationsOwnIsWatchedToo(Phase phase) {
    application
        .withUserConfiguration(OwnTransactionManager.class)
        .run(context -> assertNotCommitted(context, phase));
  }

  private void assertNotCommitted(ApplicationContext context, Phase phase) throws SQLException {
    assertThatExceptionOfType(LostEventException.class)
        .isThrownBy(
            () ->
                inTransaction(
                    context,
                    purchase -> {
                      purchase.accept("1");
                      TransactionSynchronizationManager.registerSynchronization(
                          phase.publishing(context));
                    }))
        .withMessageContaining("no mapping for 1");
    assertThat(purchases()).isEmpty();
  }

  @Configuration(proxyBeanMethods = false)
  static class OwnTransactionManager {

    @Bean
    PlatformTransactionManager ownTransactionManager(DataSource dataSource) {
      return new JdbcTransactionManager(dataSource);
    }
  }

  @Test
  void aTransactionManagerThatIsNoBeanIsRefusedTheCommitBehindAllOtherCallbacks() {
    application.run(
        context -> {
          // Given
          DataSource dataSource = context.getBean(DataSource.class);
          TransactionTemplate unwatched =
              new TransactionTemplate(new JdbcTransactionManager(dataSource));

          // Then
          assertThatExceptionOfType(LostEventException.class)
              .isThrownBy(
                  () ->
                      unwatched.executeWithoutResult(
                          status -> {
                            TransactionSynchronizationManager.registerSynchronization(
                                ordinary(Phase.BEFORE_COMMIT.publishing(context)));
                            context.publishEvent(new Placed("1"));
                          }));
          assertThat(types()).isEmpty();
        });
  }

  /** As those of transactional event listeners are, neither first nor last. */
  private static TransactionSynchronization ordinary(TransactionSynchronization callback) {
    return new TransactionSynchronization() {
      @Override
      public void beforeCommit(boolean readOnly) {
        callback.beforeCommit(readOnly);
      }

      @Override
      public int getOrder() {
        return 0;
      }
    };
  }

  @Test
  void aMulticasterThatSwallowsExceptionsLosesNoEvent() {
    application
        .withUserConfiguration(CarelessMulticaster.class)
        .run(
            context -> {
              assertThatExceptionOfType(LostEventException.class)
                  .isThrownBy(
                      () ->
                          inTransaction(
                              context,
                              purchase -> {
                                purchase.accept("1");
                                context.publishEvent(new Unmappable("1"));
                              }));

              assertThat(purchases()).isEmpty();
            });
  }

  /** Another thread and no exceptions: what applications configure for listeners of their own. */
  @Configuration(proxyBeanMethods = false)
  static class CarelessMulticaster {

    @Bean
    ApplicationEventMulticaster applicationEventMulticaster() {
      SimpleApplicationEventMulticaster multicaster = new SimpleApplicationEventMulticaster();
      multicaster.setErrorHandler(failure -> {});
      multicaster.setTaskExecutor(
          Executors.newSingleThreadExecutor(
              work -> {
                Thread thread = new Thread(work);
                thread.setDaemon(true);
                return thread;
              }));
      return multicaster;
    }
  }

  @Test
  void withAnAsynchronousMulticasterEventsAreStillAppendedInTheTransaction() {
    application
        .withUserConfiguration(CarelessMulticaster.class)
        .run(
            context -> {
              inTransaction(context, purchase -> context.publishEvent(new Placed("1")));

              assertThat(types()).containsExactly("Placed");
            });
  }

  @Test
  void anEventOfARolledBackSavepointIsUndoneWithIt() {
    application.run(
        context -> {
          TransactionTemplate transaction = context.getBean(TransactionTemplate.class);
          transaction.executeWithoutResult(
              status -> {
                context.publishEvent(new Placed("1"));
                Object savepoint = status.createSavepoint();
                context.publishEvent(new Paid("1"));
                status.rollbackToSavepoint(savepoint);
              });

          assertThat(types()).containsExactly("Placed");
        });
  }

  @Test
  void twoMappingsOfOneTypeStopTheStart() {
    application
        .withBean(
            "second",
            OutboxMapping.class,
            () -> OutboxMapping.of(Placed.class, event -> outboxEvent("Placed", "2")))
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining(
                        "2 beans of type OutboxMapping are for " + Placed.class.getName()));
  }

  interface Audited {}

  record PaidAndAudited(String orderId) implements Audited, Serializable {}

  @Test
  void ofTwoMappingsThatFitEquallyNoneIsGuessed() {
    OutboxMappings mappings =
        new OutboxMappings(
            List.of(
                OutboxMapping.of(Audited.class, event -> outboxEvent("Audited", "1")),
                OutboxMapping.of(Serializable.class, event -> outboxEvent("Serializable", "1"))));

    assertThatThrownBy(() -> mappings.forClass(PaidAndAudited.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Add an OutboxMapping for " + PaidAndAudited.class.getName());
  }

  @Test
  void aRecordingAsBeanTakesTheWritersPlace() {
    application
        .withBean(RecordingOutbox.class)
        .run(
            context -> {
              context.publishEvent(new Placed("1"));

              context.getBean(RecordingOutbox.class).appended().assertTypes("Placed");
              assertThat(context).hasSingleBean(OutboxWriter.class);
              assertThat(types()).isEmpty();
            });
  }

  @Test
  void aMappingMayGoIntoAnotherOutbox() {
    application
        .withUserConfiguration(IntoAudit.class)
        .withPropertyValues(database.springProperties(database.roles().owner()))
        .withPropertyValues("outbox.writer.migrate=true")
        .run(
            context -> {
              inTransaction(context, purchase -> context.publishEvent(new Local("1")));

              assertThat(database.rows("select type from audit_event")).containsExactly("Recorded");
              assertThat(types()).isEmpty();
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class IntoAudit {
    @Bean
    OutboxMapping<Local> audited(SpringOutboxes outboxes) {
      return OutboxMapping.of(Local.class, event -> outboxEvent("Recorded", event.orderId()))
          .into(outboxes.writer(OutboxTable.named("audit_event")));
    }
  }

  /** Work in a transaction; the consumer that it is given writes a business row. */
  private static void inTransaction(ApplicationContext context, Consumer<Consumer<String>> work) {
    JdbcTemplate jdbc = context.getBean(JdbcTemplate.class);
    context
        .getBean(TransactionTemplate.class)
        .executeWithoutResult(
            status -> work.accept(id -> jdbc.update("insert into purchase values (?)", id)));
  }

  private List<String> types() throws SQLException {
    return database.rows("select type from outbox_event order by seq");
  }

  private List<String> purchases() throws SQLException {
    return database.rows("select id from purchase");
  }
}
