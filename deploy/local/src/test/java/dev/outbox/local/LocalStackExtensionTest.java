package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasses;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;

@Tag("slow")
class LocalStackExtensionTest {

  private static final List<PostgresServer> SEEN = new ArrayList<>();

  @BeforeEach
  void forget() {
    SEEN.clear();
  }

  /** With several forks, Maven makes each class a run of its own, in the session of its fork. */
  @Test
  void allTestClassesOfAJvmShareOneStackAlsoWhenEachIsARunOfItsOwn() {
    try (LauncherSession session = LauncherFactory.openSession()) {
      run(session, AsksForPostgres.class, AsksForTheStack.class);
      run(session, AsksForPostgres.class);
    }

    assertThat(SEEN).hasSize(4);
    assertThat(SEEN).containsOnly(SEEN.get(0));
    assertThatThrownBy(() -> SEEN.get(0).connect("postgres")).isInstanceOf(SQLException.class);
  }

  @Test
  void aTestThatAsksForPostgresOnlyDoesNotStartKafka() {
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(AsksForPostgres.class))
        .execute()
        .testEvents()
        .assertStatistics(statistics -> statistics.succeeded(1));
  }

  @Test
  void aTestThatAsksForKafkaGetsARunningBroker() {
    Events events =
        EngineTestKit.engine("junit-jupiter")
            .selectors(selectClass(AsksForKafka.class))
            .execute()
            .testEvents();
    // Statistics alone would not tell why.
    assertThat(events.failed().stream().map(Event::getPayload)).isEmpty();
    assertThat(events.succeeded().count()).isEqualTo(1);
  }

  private static void run(LauncherSession session, Class<?>... classes) {
    session
        .getLauncher()
        .execute(
            LauncherDiscoveryRequestBuilder.request().selectors(selectClasses(classes)).build());
  }

  /** A broker outside a container is the only child process of a test run that is Java. */
  private static boolean aBrokerRuns() {
    try (Stream<ProcessHandle> children = ProcessHandle.current().children()) {
      return children.anyMatch(child -> child.info().command().orElse("").endsWith("/java"));
    }
  }

  @WithLocalStack
  static class AsksForPostgres {

    @Test
    void connects(PostgresServer postgres) throws SQLException {
      try (Connection connection = postgres.connect("postgres")) {
        assertThat(connection.isValid(1)).isTrue();
      }
      assertThat(aBrokerRuns()).isFalse();
      SEEN.add(postgres);
    }
  }

  @WithLocalStack
  static class AsksForTheStack {

    @BeforeAll
    static void inALifecycleMethod(PostgresServer postgres) {
      SEEN.add(postgres);
    }

    @Test
    void inATest(LocalStack stack) {
      SEEN.add(stack.postgres());
    }
  }

  @WithLocalStack
  static class AsksForKafka {

    @Test
    void createsATopic(KafkaServer kafka) {
      kafka.createTopic("orders", 1);
      assertThat(aBrokerRuns()).isEqualTo(kafka instanceof LocalKafka);
      assertThatThrownBy(() -> kafka.createTopic("orders", 1))
          .isInstanceOf(LocalStackException.class)
          .hasMessage("Kafka refuses to create the topic orders");
    }
  }
}
