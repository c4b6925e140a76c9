package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.CommandRun;
import dev.outbox.relay.support.EventOrder;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.SteadyWriter;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The command and the instances as processes, killed while the number of shards changes. */
@WithLocalStack
@Tag("slow")
class ReshardingIT {

  private static final String MARKED = "select count(*) from outbox_relay where ends_at <> ''";

  private final List<RelayProcess> processes = new ArrayList<>();
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
  void end() {
    processes.forEach(RelayProcess::close);
  }

  private RelayProcess process(String... command) {
    RelayProcess process = RelayProcess.start(properties(), List.of(), command);
    processes.add(process);
    return process;
  }

  private Map<String, String> properties() {
    return TestSettings.properties(
        database, kafka.bootstrapServers(), Map.of("engine", "pgoutput"));
  }

  private CompletableFuture<CommandRun> shards(int number) {
    Map<String, String> asOwner =
        new HashMap<>(
            TestSettings.properties(
                database, kafka.bootstrapServers(), TestSettings.as(database.administrator())));
    return CompletableFuture.supplyAsync(
        () -> CommandRun.of(asOwner, "shards", String.valueOf(number)));
  }

  private void awaitPublished(int events) {
    await().atMost(PATIENCE).pollInSameThread().until(() -> topic.ids().size() >= events);
  }

  private void awaitMarked(int shards) {
    await().atMost(PATIENCE).until(() -> String.valueOf(shards).equals(database.query(MARKED)));
  }

  @Test
  void instancesThatAreKilledAmidTheChangeLoseNothing() {
    RelayProcess leader = process();
    leader.awaitLeading();
    RelayProcess standby = process();
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitPublished(100);
      // When the instance that leads is killed as soon as there is a marker
      CompletableFuture<CommandRun> change = shards(3);
      awaitMarked(1);
      leader.process().sigkill();
      CommandRun done = change.join();
      // Then the other one ends what it had begun, and goes on with the new shards
      assertThat(done.exitCode()).as(done.err()).isZero();
      assertThat(done.out())
          .contains("replication slot " + database.slot() + "_2of3: created")
          .contains("replication slot " + database.slot() + ": removed")
          .contains("has 3 shards.");
      awaitPublished(writer.written() + 100);
      await().atMost(PATIENCE).until(() -> standby.get("/actuator/health").contains("\"3of3\""));
      // And an instance whose setting is out of date takes its share of the next change
      RelayProcess third = process();
      await().atMost(PATIENCE).until(() -> third.get("/actuator/health").contains("\"3of3\""));
      CompletableFuture<CommandRun> next = shards(2);
      awaitMarked(3);
      standby.process().sigkill();
      done = next.join();
      assertThat(done.exitCode()).as(done.err()).isZero();
      awaitPublished(writer.written() + 100);
      assertThat(third.get("/actuator/prometheus")).contains("shard=\"2\"");
    }
    assertNothingLostAndOrderKept();
    assertThat(shards(2).join().out())
        .isEqualToIgnoringNewLines(
            "The outbox of relay 'test-%s' has 2 shards.".formatted(database.slot()));
  }

  @Test
  void aCommandThatIsKilledIsRunAgain() {
    RelayProcess instance = process();
    instance.awaitLeading();
    try (SteadyWriter writer = SteadyWriter.start(database, "Order")) {
      awaitPublished(100);
      database.install(Map.of("shards", "2"));
      RelayProcess command = process("shards", "2");
      awaitMarked(1);
      command.process().sigkill();
      CommandRun done = shards(2).join();
      assertThat(done.exitCode()).as(done.err()).isZero();
      assertThat(done.out()).contains("has 2 shards.");
      awaitPublished(writer.written() + 100);
    }
    assertNothingLostAndOrderKept();
    assertThat(
            database.queryAll(
                "select slot_name from pg_replication_slots where slot_name like '%s%%'"
                    .formatted(database.slot())))
        .hasSize(2);
  }

  private void assertNothingLostAndOrderKept() {
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> Set.copyOf(topic.ids()).containsAll(database.eventIds()));
    EventOrder.assertKept(topic.idsByKey(), database.eventIdsByKey());
  }
}
