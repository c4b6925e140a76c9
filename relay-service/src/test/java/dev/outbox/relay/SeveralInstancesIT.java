package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Several processes of one relay: one leads, the others stand by. */
@WithLocalStack
@Tag("slow")
class SeveralInstancesIT {

  /**
   * The promise is five seconds, and what was measured is printed; this tells it from TCP's wait.
   */
  private static final Duration TAKEOVER_BOUND = Duration.ofSeconds(60);

  /** Client ID of the leader that falls asleep, by which the broker knows it. */
  private static final String SLEEPER = "sleeper";

  private final List<RelayProcess> instances = new ArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topic;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topic = new TopicReader(kafka.bootstrapServers(), database.slot());
    kafka.createTopic(database.slot() + ".Order", 3);
  }

  @AfterEach
  void endInstances() {
    instances.forEach(RelayProcess::close);
  }

  @Test
  void aStandbyTakesOverFromAKilledLeader() {
    RelayProcess leader = startAndAwait("Leading");
    RelayProcess standby = startAndAwait("Standby");
    assertThat(standby.get("/actuator/health/readiness")).contains("\"status\":\"UP\"");
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitPublished(100);
      leader.process().sigkill();
      Duration takeover = timeUntilLeading(standby);
      System.out.printf("takeover after SIGKILL: %d ms%n", takeover.toMillis());
      assertThat(takeover).isLessThan(TAKEOVER_BOUND);
      awaitPublished(writer.written() + 100);
    }
    assertNothingLostAndOrderKept();
  }

  @Test
  @Tag("long")
  void aRollingRestartOfTwoInstancesLogsNoError() {
    RelayProcess first = startAndAwait("Leading");
    RelayProcess second = startAndAwait("Standby");
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitPublished(100);
      for (int round = 0; round < 2; round++) {
        // When the leader is restarted, and the former standby after it
        long asked = System.nanoTime();
        assertThat(first.process().terminate()).isIn(0, 143);
        long ended = System.nanoTime();
        awaitState(second, "Leading");
        System.out.printf(
            "graceful stop: %d ms, led by the other %d ms after its end%n",
            Duration.ofNanos(ended - asked).toMillis(),
            Duration.ofNanos(System.nanoTime() - ended).toMillis());
        RelayProcess restarted = startAndAwait("Standby");
        first = second;
        second = restarted;
        awaitPublished(writer.written() + 100);
      }
    }
    assertNothingLostAndOrderKept();
    assertThat(instances)
        .allSatisfy(instance -> assertThat(instance.process().output()).doesNotContain("ERROR"));
  }

  @Test
  @Tag("long")
  void aLeaderThatSleptFindsOutThatItWasReplacedBeforeItPublishes() throws Exception {
    // Given a leader that has all in flight that it may, and holds more that it has read
    throttle(1.0);
    RelayProcess leader =
        start(Map.of("in-flight-limit", "1MB", "kafka.properties.client.id", SLEEPER));
    awaitState(leader, "Leading");
    RelayProcess standby = startAndAwait("Standby");
    awaitFullFlight(leader);
    int taken = figure(leader, "outbox_relay_events_read_total");
    int inFlight = figure(leader, "outbox_relay_in_flight");
    // When it sleeps until another leads and has published everything
    leader.process().sendSignal("STOP");
    throttle(null);
    Duration takeover = timeUntilLeading(standby);
    System.out.printf("takeover from a stopped leader: %d ms%n", takeover.toMillis());
    awaitPublished(database.eventIds().size());
    int published = topic.poll().size();
    leader.process().sendSignal("CONT");
    // Then it stands by, without an alarm
    awaitState(leader, "Standby");
    assertThat(leader.process().output()).contains("has taken over").doesNotContain("ERROR");
    // And has published no more than what was in flight when it fell asleep
    String last = database.insert("Order", "1", "after everything");
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().contains(last));
    List<String> repeated = topic.ids().subList(published, topic.ids().size());
    System.out.printf(
        "taken in when it fell asleep: %d, published by it afterwards: %d%n",
        taken, repeated.size() - 1);
    // The broker may have let one more request pass between the look and the sleep.
    assertThat(database.eventIds().subList(0, taken + inFlight))
        .containsAll(repeated.stream().filter(id -> !id.equals(last)).toList());
  }

  /** How many bytes a second the broker takes from the one that will sleep; null for any number. */
  private void throttle(@Nullable Double bytesPerSecond)
      throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      admin
          .alterClientQuotas(
              List.of(
                  new ClientQuotaAlteration(
                      new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, SLEEPER)),
                      List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond)))))
          .all()
          .get();
    }
  }

  /** Writes until the relay has in flight what it may, and then some more. */
  private void awaitFullFlight(RelayProcess relay) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              writeMany();
              return figure(relay, "outbox_relay_in_flight_bytes") > 900_000;
            });
    writeMany();
  }

  private void writeMany() {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i % 10)::text, 'Many', repeat('x', 1000)::bytea
        from generate_series(1, 3000) i
        """);
  }

  private static int figure(RelayProcess relay, String metric) {
    return relay
        .get("/actuator/prometheus")
        .lines()
        .filter(line -> line.startsWith(metric + " "))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .findFirst()
        .orElse(0);
  }

  @Test
  @Tag("long")
  void aSleepingLeaderWakesIntoAWorkingGroupOfThree() {
    // Given three instances and a service that writes all the time
    RelayProcess leader = startAndAwait("Leading");
    List<RelayProcess> others = List.of(startAndAwait("Standby"), startAndAwait("Standby"));
    RelayProcess next;
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitPublished(100);
      // When the leader sleeps, another leads, and the first wakes
      leader.process().sendSignal("STOP");
      next = awaitOneLeading(others);
      awaitPublished(writer.written() + 100);
      leader.process().sendSignal("CONT");
      awaitState(leader, "Standby");
      // And the new leader is killed
      next.process().sigkill();
      List<RelayProcess> remaining = new ArrayList<>(instances);
      remaining.remove(next);
      RelayProcess last = awaitOneLeading(remaining);
      remaining.remove(last);
      awaitState(remaining.get(0), "Standby");
      awaitPublished(writer.written() + 100);
    }
    // Then nothing is lost
    awaitPublished(database.eventIds().size());
    topic
        .idsByKey()
        .forEach(
            (key, ids) ->
                assertThat(ids.stream().distinct().toList())
                    .isEqualTo(database.eventIdsByKey().get(key)));
    assertThat(instances)
        .allSatisfy(instance -> assertThat(instance.process().output()).doesNotContain("ERROR"));
  }

  private static RelayProcess awaitOneLeading(List<RelayProcess> candidates) {
    await().atMost(PATIENCE).until(() -> candidates.stream().anyMatch(c -> isIn(c, "Leading")));
    return candidates.stream().filter(c -> isIn(c, "Leading")).findFirst().orElseThrow();
  }

  private static boolean isIn(RelayProcess instance, String state) {
    return instance.get("/actuator/health").contains("\"state\":\"" + state + "\"");
  }

  private RelayProcess startAndAwait(String state) {
    RelayProcess instance = start(Map.of());
    awaitState(instance, state);
    return instance;
  }

  private RelayProcess start(Map<String, String> more) {
    RelayProcess instance =
        RelayProcess.run(TestSettings.properties(database, kafka.bootstrapServers(), more));
    instances.add(instance);
    return instance;
  }

  private static Duration timeUntilLeading(RelayProcess instance) {
    long begin = System.nanoTime();
    awaitState(instance, "Leading");
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  private static void awaitState(RelayProcess instance, String state) {
    await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> isIn(instance, state));
  }

  private void awaitPublished(int events) {
    await().atMost(PATIENCE).pollInSameThread().until(() -> distinct() >= events);
  }

  private void assertNothingLostAndOrderKept() {
    awaitPublished(database.eventIds().size());
    EventOrder.assertKept(topic.idsByKey(), database.eventIdsByKey());
    EventOrder.assertPositionsGrowAndStay(topic.poll());
  }

  private long distinct() {
    return topic.ids().stream().distinct().count();
  }
}
