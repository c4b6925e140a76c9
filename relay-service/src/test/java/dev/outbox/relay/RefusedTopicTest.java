package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.LocalKafka;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.acl.AclOperation;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Topics that refuse every record, on a broker that makes none by itself and keeps access lists.
 */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"at-least-once", "exactly-once"})
@Tag("slow")
class RefusedTopicTest {

  private static LocalKafka broker = LocalKafka.builder().build();

  @Parameter private String delivery = "";

  private final List<Relay> relays = new ArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;

  @BeforeAll
  static void startBroker() {
    broker =
        LocalKafka.builder().accessLists().setting("auto.create.topics.enable", "false").start();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void createDatabase(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(broker.bootstrapServers(), database.slot());
    broker.createTopic(topic("Order"), 2);
  }

  @AfterEach
  void stopRelays() throws InterruptedException {
    for (Relay relay : relays) {
      relay.stop();
    }
  }

  @Test
  void aTopicThatComesInTimeIsWaitedForInOrder() {
    startRelay("1h");
    database.insert("Invoice", "1", "small");
    database.insert("Invoice", "1", "small");
    broker.createTopic(topic("Invoice"), 1);
    awaitPatiently().until(() -> topics.ids().size() == 2);
    assertThat(topics.ids()).isEqualTo(database.eventIds());
    assertThat(parked()).isEmpty();
  }

  @Test
  void aMissingTopicHoldsUpOthersOnlyForTheConfiguredTime() {
    startRelay("1s");
    String missing = database.insert("Invoice", "1", "small");
    String other = database.insert("Order", "1", "small");
    String missingToo = database.insert("Invoice", "2", "small");
    String otherToo = database.insert("Order", "1", "small");
    awaitPatiently().until(() -> topics.ids().contains(otherToo));
    assertThat(topics.ids()).containsExactly(other, otherToo);
    assertThat(parked()).extracting(Listed::id).containsExactly(missing, missingToo);
    assertThat(parked().get(0).reason()).contains(topic("Invoice")).contains("does not exist");
  }

  @Test
  @Tag("long")
  void aTopicThatComesTooLateIsPublishedToWhenItsKeysAreRetried() {
    startRelay("1s");
    String one = database.insert("Invoice", "1", "small");
    String two = database.insert("Invoice", "2", "small");
    awaitPatiently().until(() -> parked().size() == 2);
    broker.createTopic(topic("Invoice"), 1);
    retryUntilPublished("Invoice", "1", one);
    retryUntilPublished("Invoice", "2", two);
  }

  @Test
  void aDeniedTopicIsParkedAndOthersFlowOn() {
    broker.createTopic(topic("Secret"), 2);
    broker.accessLists().deny(topic("Secret"), AclOperation.WRITE);
    startRelay("30s");
    List<String> open = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      denied.add(database.insert("Secret", String.valueOf(i % 7), "small"));
      open.add(database.insert("Order", "1", "small"));
    }
    awaitPatiently().until(() -> topics.ids().size() >= 50 && parked().size() >= 50);
    assertThat(topics.ids()).isEqualTo(open);
    assertThat(parked()).extracting(Listed::id).isEqualTo(denied);
    assertThat(parked().get(0).reason()).contains("may not write").contains(topic("Secret"));
    broker.accessLists().clear(topic("Secret"));
    retryUntilPublished("Secret", "3", denied.get(3));
    assertThat(topics.idsByKey().get("3")).isEqualTo(database.eventIdsByKey().get("3"));
  }

  @Test
  void poisonBeforeAnEventOfAMissingTopicIsParkedLikeIt() {
    startRelay("1s");
    broker.configureTopic(topic("Order"), "max.message.bytes", "2000");
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        values (gen_random_uuid(), 'Order', '1', 'Happened', repeat('x', 5000)::bytea),
          (gen_random_uuid(), 'Invoice', '1', 'Happened', 'small'),
          (gen_random_uuid(), 'Order', '2', 'Happened', 'small')
        """);
    List<String> ids = database.eventIds();
    awaitPatiently().until(() -> topics.ids().contains(ids.get(2)) && parked().size() == 2);
    assertThat(parked()).extracting(Listed::id).containsExactly(ids.get(0), ids.get(1));
  }

  @Test
  void aTopicDeletedUnderItsEventsHoldsUpOthersOnlyForAWhile() {
    broker.createTopic(topic("Fleeting"), 1);
    startRelay("1s");
    String before = database.insert("Fleeting", "1", "small");
    awaitPatiently().until(() -> topics.ids().contains(before));
    broker.deleteTopic(topic("Fleeting"));
    String lost = database.insert("Fleeting", "1", "small");
    String other = database.insert("Order", "1", "small");
    awaitPatiently().until(() -> topics.ids().contains(other) && parked().size() == 1);
    assertThat(parked()).extracting(Listed::id).containsExactly(lost);
  }

  @Test
  void aKeyIsNotReleasedForEverToATopicThatWasDeleted() {
    broker.createTopic(topic("Fleeting"), 1);
    startRelay("1s");
    broker.configureTopic(topic("Fleeting"), "max.message.bytes", "2000");
    String poison = database.insert("Fleeting", "1", "x".repeat(5_000));
    awaitPatiently().until(() -> parked().size() == 1);
    broker.deleteTopic(topic("Fleeting"));
    sourceDatabase()
        .call(
            sql ->
                new ControlLog("test-" + database.slot())
                    .write(sql, new ControlMessage.Release("Fleeting", "1")));
    String other = database.insert("Order", "1", "small");
    awaitPatiently().until(() -> topics.ids().contains(other));
    assertThat(parked()).extracting(Listed::id).containsExactly(poison);
    assertThat(parked().get(0).attempts()).isGreaterThan(1);
  }

  @Test
  void aPositionTopicThatDeniesWritingIsToldAndGoneOnFrom() {
    Assumptions.assumeTrue(delivery.equals("exactly-once"));
    startRelay("1s");
    database.insert("Order", "1", "small");
    awaitPatiently().until(() -> topics.ids().size() == 1);
    String positions = "outbox.position.test-" + database.slot();
    broker.accessLists().deny(positions, AclOperation.WRITE);
    String second = database.insert("Order", "1", "small");
    awaitPatiently()
        .until(
            () ->
                relays.get(0).state() instanceof RelayState.Failed failed
                    && failed.failure().problem().contains(positions));
    assertThat(topics.ids()).doesNotContain(second);
    broker.accessLists().clear(positions);
    awaitPatiently().until(() -> topics.ids().contains(second));
    assertThat(topics.ids()).doesNotHaveDuplicates();
    assertThat(parked()).isEmpty();
  }

  /** A topic that refuses everything is tried again only after some seconds. */
  private void retryUntilPublished(String aggregateType, String aggregateId, String id) {
    awaitPatiently()
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              if (!topics.ids().contains(id)) {
                sourceDatabase()
                    .call(
                        sql ->
                            new ControlLog("test-" + database.slot())
                                .write(
                                    sql, new ControlMessage.Release(aggregateType, aggregateId)));
              }
              return topics.ids().contains(id);
            });
  }

  private void startRelay(String missingTopicWait) {
    Relay relay =
        new Relay(settings(missingTopicWait), new RelayMetrics(new SimpleMeterRegistry()));
    relays.add(relay);
    relay.start();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof RelayState.Leading);
  }

  private RelaySettings settings(String missingTopicWait) {
    return TestSettings.of(
        database,
        broker.accessLists().bootstrapServers(),
        Map.of("delivery", delivery, "parking.missing-topic-wait", missingTopicWait));
  }

  private String topic(String aggregateType) {
    return database.slot() + "." + aggregateType;
  }

  private SourceDatabase sourceDatabase() {
    return new SourceDatabase(settings("1s"));
  }

  private List<Listed> parked() {
    return sourceDatabase().call(sql -> new ParkedTable(settings("1s")).list(sql, false, 10_000));
  }

  private ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }
}
