package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged relay in a process of its own, as users run it and as it dies. */
@WithLocalStack
class RelayProcessIT {

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
  }

  @Test
  @Tag("long")
  void killedAgainAndAgainItLosesNothingKeepsOrderAndEffectsHappenOnce() throws Exception {
    int writers = 4;
    int eventsPerWriter = 5_000;
    int total = writers * eventsPerWriter;
    int kills = 5;
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<String, String> properties = properties(Map.of());
    RelayProcess.start(properties, List.of(), "init").process().awaitExit(PATIENCE);
    // Given four services that write business rows and events in one transaction each
    database.createServiceTable("account", "id text primary key, changes int not null");
    database.createServiceTable(
        "effect", "event_id text, account text, seq bigint generated always as identity");
    ExecutorService threads = Executors.newFixedThreadPool(writers);
    AtomicInteger written = new AtomicInteger();
    List<Future<Void>> writing = new ArrayList<>();
    // And a consumer with an inbox
    InboxSchema.migrate(database.dataSource(database.roles().owner()));
    database.roles().grant();
    InboxRunner consumer =
        InboxRunner.builder()
            .consumer("effects-" + database.slot())
            .topics(database.slot() + ".Account")
            .kafka(Map.of("bootstrap.servers", kafka.bootstrapServers()))
            .dataSource(database.dataSource(database.roles().service()))
            .handler(
                (connection, event) -> {
                  try (PreparedStatement insert =
                      connection.prepareStatement(
                          "insert into effect (event_id, account) values (?, ?)")) {
                    insert.setString(1, event.id());
                    insert.setString(2, event.key().orElse(""));
                    insert.executeUpdate();
                  }
                })
            .build();
    kafka.createTopic(database.slot() + ".Account", 3);
    RelayProcess relay = RelayProcess.run(properties);
    try (consumer;
        TopicReader topic = new TopicReader(kafka.bootstrapServers(), database.slot())) {
      consumer.start();
      for (int writer = 0; writer < writers; writer++) {
        String name = "w" + writer;
        writing.add(threads.submit(writer(name, eventsPerWriter, written)));
      }
      // When the relay is killed at random moments and started again
      for (int kill = 0; kill < kills; kill++) {
        int moment = topic.poll().size() + 1 + random.nextInt(total / (kills + 1));
        await()
            .atMost(PATIENCE)
            .pollInSameThread()
            .until(() -> topic.poll().size() >= moment || distinct(topic) == total);
        relay.process().sigkill();
        relay = RelayProcess.run(properties);
      }
      for (Future<Void> writer : writing) {
        writer.get();
      }
      // Then no event is lost
      await().atMost(PATIENCE).pollInSameThread().until(() -> distinct(topic) == total);
      int repeats = topic.poll().size() - total;
      System.out.printf(
          "%d events, %d kills, %d repeats on the topic (seed %d)%n", total, kills, repeats, seed);
      // And each aggregate's events stand in commit order, but for runs that repeat as a whole
      EventOrder.assertKept(topic.idsByKey(), database.eventIdsByKey());
      EventOrder.assertPositionsGrowAndStay(topic.poll());
      // And each effect happened once
      await()
          .atMost(PATIENCE)
          .until(() -> String.valueOf(total).equals(database.query("select count(*) from effect")));
      assertThat(database.query("select count(distinct event_id) from effect"))
          .isEqualTo(String.valueOf(total));
      assertThat(database.query("select sum(changes) from account"))
          .isEqualTo(String.valueOf(total));
    } finally {
      relay.close();
      threads.shutdownNow();
    }
  }

  private Callable<Void> writer(String name, int events, AtomicInteger written) {
    return () -> {
      JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
      try (Connection connection = database.connect();
          PreparedStatement change =
              connection.prepareStatement(
                  """
                  insert into account values (?, 1)
                  on conflict (id) do update set changes = account.changes + 1
                  """)) {
        connection.setAutoCommit(false);
        for (int i = 0; i < events; i++) {
          String account = name + "-" + i % 10;
          change.setString(1, account);
          change.executeUpdate();
          outbox
              .writer(connection)
              .append(OutboxEvent.of("Account", account, "Changed", "{\"change\":" + i + "}"));
          connection.commit();
          written.incrementAndGet();
        }
      }
      return null;
    };
  }

  private static long distinct(TopicReader topic) {
    return topic.ids().stream().distinct().count();
  }

  @Test
  @Tag("long")
  void anInterruptedRunStoppedBySigtermLeavesNothingToRepeat() {
    Map<String, String> properties = properties(Map.of());
    try (TopicReader topic = new TopicReader(kafka.bootstrapServers(), database.slot())) {
      try (RelayProcess relay = RelayProcess.run(properties)) {
        relay.awaitLeading();
        for (int i = 0; i < 200; i++) {
          database.insert("Order", String.valueOf(i % 5), "x");
        }
        await().atMost(PATIENCE).pollInSameThread().until(() -> !topic.poll().isEmpty());
        // When the process is asked to end
        assertThat(relay.process().terminate()).isIn(0, 143);
      }
      try (RelayProcess relay = RelayProcess.run(properties)) {
        relay.awaitLeading();
        String last = database.insert("Order", "1", "last");
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().contains(last));
      }
      // Then each event came once
      assertThat(topic.poll()).hasSize(201);
    }
  }

  @Test
  void troubleWithTheDatabaseIsToldAndGoneOnFromWhenItIsOver(@TempDir Path directory) {
    int port = TcpPorts.free();
    LocalPostgres.Builder builder =
        LocalPostgres.builder().dataDirectory(directory).port(port).setting("wal_level", "replica");
    String role;
    OutboxDatabase own;
    Map<String, String> properties;
    try (LocalPostgres server = builder.start()) {
      own = OutboxDatabase.createEmpty(server);
      role = own.slot();
      own.execute("create role " + role + " login password 'right'");
      own.execute("alter database " + own.slot() + " owner to " + role);
      properties =
          TestSettings.properties(
              own,
              kafka.bootstrapServers(),
              Map.of("database.username", role, "database.password", "right"));
    }
    try (RelayProcess relay = RelayProcess.run(properties);
        TopicReader topic = new TopicReader(kafka.bootstrapServers(), own.slot())) {
      // A database that is down
      awaitProblem(relay, "cannot be reached");
      try (LocalPostgres server = builder.start()) {
        // A wrong password
        own.execute("alter role " + role + " password 'other'");
        awaitProblem(relay, "refuses role");
        own.execute("alter role " + role + " password 'right'");
        // A server that does not log logically
        awaitProblem(relay, "wal_level=replica");
      }
      try (LocalPostgres server = builder.setting("wal_level", "logical").start()) {
        // A role that may not replicate
        awaitProblem(relay, "lacks REPLICATION");
        own.execute("alter role " + role + " replication");
        // A missing table
        awaitProblem(relay, "Table public.outbox_event does not exist");
        assertThat(relay.get("/actuator/health/readiness")).contains("DOWN");
        assertThat(relay.get("/actuator/health/liveness")).contains("UP");
        own.createTable();
        // A table that belongs to somebody else
        awaitProblem(relay, "lacks a privilege");
        own.execute("alter table outbox_event owner to " + role);
        own.execute("grant create on schema public to " + role);
        // All is well
        relay.awaitLeading();
        assertThat(relay.get("/actuator/health/readiness")).contains("UP");
        String id = own.insert("Order", "1", "at last");
        await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().contains(id));
        assertThat(relay.process().output()).doesNotContain("\tat ").doesNotContain("right");
      }
    }
  }

  @Test
  @Tag("long")
  void anUnreachableBrokerIsToldAndGoneOnFromWhenItIsThere() {
    kafka.stop();
    try (RelayProcess relay = RelayProcess.run(properties(Map.of()))) {
      awaitProblem(relay, "No Kafka broker answers at");
      kafka.start();
      relay.awaitLeading();
      assertThat(relay.process().output()).doesNotContain("\tat ");
    } finally {
      kafka.start();
    }
  }

  @Test
  void healthAndMetricsShowWhatOperatorsNeed() {
    try (RelayProcess relay = RelayProcess.run(properties(Map.of("heartbeat-interval", "300ms")))) {
      relay.awaitLeading();
      database.insert("Order", "1", "x");
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  relay
                      .get("/actuator/prometheus")
                      .contains("outbox_relay_events_published_total 1.0"));
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  relay
                      .get("/actuator/prometheus")
                      .lines()
                      .anyMatch(line -> line.matches("outbox_relay_slot_lag_bytes [0-9.E]+")));
      assertThat(relay.get("/actuator/prometheus"))
          .contains("outbox_relay_events_read_total 1.0")
          .contains("outbox_relay_events_retried_total")
          .contains("outbox_relay_in_flight ")
          .contains("outbox_relay_in_flight_bytes")
          .contains("outbox_relay_in_flight_oldest_seconds")
          .contains("outbox_relay_confirmed_lsn")
          .contains("outbox_relay_leading 1.0");
    }
  }

  @Test
  @Tag("long")
  void aBacklogOfLargeRowsFitsIntoASmallHeapAlsoWhileKafkaIsAway() {
    Map<String, String> properties = properties(Map.of("in-flight-limit", "4MB"));
    // Given a relay with a small heap, that has published
    try (RelayProcess relay =
            RelayProcess.start(properties, List.of("-Xmx128m", "-XX:+ExitOnOutOfMemoryError"));
        TopicReader topic = new TopicReader(kafka.bootstrapServers(), database.slot())) {
      relay.awaitLeading();
      database.insert("Order", "1", "the first");
      await().atMost(PATIENCE).pollInSameThread().until(() -> topic.poll().size() == 1);
      // When a backlog larger than the heap comes while the broker is away
      kafka.stop();
      try {
        database.execute("alter table outbox_event alter payload set storage external");
        String large = "x".repeat(500_000);
        for (int i = 0; i < 400; i++) {
          database.insert("Order", String.valueOf(i % 10), large);
        }
        // Then the relay stops reading, long before the end
        List<String> sent = new ArrayList<>();
        await()
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(500))
            .until(
                () -> {
                  assertThat(relay.process().isAlive()).as("the relay is alive").isTrue();
                  sent.add(sentButNotEverything());
                  List<String> last = sent.subList(Math.max(0, sent.size() - 6), sent.size());
                  return last.size() == 6 && Set.copyOf(last).size() == 1 && !last.contains("");
                });
      } finally {
        kafka.start();
      }
      // And finishes when the broker is back
      await()
          .atMost(PATIENCE)
          .pollInSameThread()
          .until(
              () -> {
                assertThat(relay.process().isAlive()).as("the relay is alive").isTrue();
                return distinct(topic) == 401;
              });
    }
  }

  /**
   * How far the server has sent the log to the relay; empty while that is nothing or everything.
   */
  private String sentButNotEverything() {
    String sent =
        database.query(
            """
            select r.sent_lsn::text from pg_stat_replication r
              join pg_replication_slots s on s.active_pid = r.pid
            where s.slot_name = '%s' and r.sent_lsn > s.confirmed_flush_lsn
              and r.sent_lsn < pg_current_wal_lsn() - 50 * 1000 * 1000
            """
                .formatted(database.slot()));
    return sent == null ? "" : sent;
  }

  private static void awaitProblem(RelayProcess relay, String problem) {
    await().atMost(PATIENCE).until(() -> relay.get("/actuator/health").contains(problem));
    assertThat(relay.get("/actuator/health")).contains("remedy");
  }

  private Map<String, String> properties(Map<String, String> more) {
    return TestSettings.properties(database, kafka.bootstrapServers(), more);
  }
}
