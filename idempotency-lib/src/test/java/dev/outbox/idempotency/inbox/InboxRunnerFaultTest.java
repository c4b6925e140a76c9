package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.inbox.RunnerToBeKilled.KillPoint;
import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What may happen to a consumer, and that every event still takes effect once and in order. */
@Tag("slow")
class InboxRunnerFaultTest extends RunnerTestBase {

  private static final int KEYS = 20;
  private static final int EVENTS_PER_KEY = 150;
  private static final int EVENTS = KEYS * EVENTS_PER_KEY;
  private static final int REPEAT_EACH = 10;
  private static final int RECORDS = EVENTS + EVENTS / REPEAT_EACH;

  InboxRunnerFaultTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 4);
  }

  @ParameterizedTest
  @EnumSource(names = {"EFFECTS_WRITTEN", "DATABASE_COMMITTED"})
  void aConsumerKilledAnywhereBeforeItsOffsetCommitAppliesEveryEventOnce(KillPoint point)
      throws SQLException {
    // Given
    String[] ids = IntStream.range(0, 40).mapToObj(i -> "e" + i).toArray(String[]::new);
    topic.publish(ids);
    int appliedByTheKilled;
    try (ChildProcess child =
        ChildProcess.java()
            .mainClass(RunnerToBeKilled.class.getName())
            .arguments(point.name(), topic.name(), topic.consumer(), topic.bootstrapServers())
            .arguments(database.url(), database.user(), database.password())
            .start()) {
      child.awaitOutput(RunnerToBeKilled.REACHED, PATIENCE);

      // When
      child.sigkill();
    }
    appliedByTheKilled = Effects.in(database).size();
    assertThat(IntStream.range(0, 4).mapToLong(topic::committed).sum()).isZero();

    // Then
    InboxRunner next =
        started(runner().kafka(topic.consumerSettings("group.instance.id", "only-one")));
    awaitReceived(next, ids.length);
    assertThat(appliedByTheKilled).matches(n -> (n > 0) == (point == KillPoint.DATABASE_COMMITTED));
    assertThat(next.counts().repeats()).isEqualTo(appliedByTheKilled);
    assertThat(Effects.in(database)).containsExactlyInAnyOrder(ids);
  }

  @Test
  void aDatabaseKilledAndStartedAgainUnderLoadChangesNothingInTheResult() throws SQLException {
    // Given
    InboxRunner runner = started(runner().kafka(topic.consumerSettings("max.poll.records", 50)));
    publishLoad(0, EVENTS_PER_KEY / 2);
    awaitReceived(runner, 100);

    // When
    postgres.kill();
    publishLoad(EVENTS_PER_KEY / 2, EVENTS_PER_KEY);
    awaitTrue(() -> runner.state() instanceof RunnerState.Retrying);
    postgres.start();
    awaitReceived(runner, RECORDS);

    // Then
    assertThat(runner.counts().failedAttempts()).isPositive();
    assertEveryEventOnceAndInOrderOfItsKey();
  }

  @Test
  void membersThatComeAndGoUnderLoadChangeNothingInTheResult() throws SQLException {
    // Given
    InboxRunnerBuilder member = runner().kafka(topic.consumerSettings("max.poll.records", 20));
    InboxRunner first = started(member);
    publishLoad(0, EVENTS_PER_KEY);
    awaitReceived(first, 100);

    // When
    InboxRunner second = started(member);
    awaitReceived(second, 100);
    first.stop();
    InboxRunner third = started(member);
    awaitTrue(() -> Effects.in(database).size() >= EVENTS);

    // Then
    assertThat(List.of(first, second, third))
        .allSatisfy(runner -> assertThat(runner.failure()).isEmpty());
    assertEveryEventOnceAndInOrderOfItsKey();
  }

  @Test
  void aMemberThatLosesItsPartitionWhileItWorksDoesNoHarmAndGoesOn() throws Exception {
    // Given: a member that works on an event and does not poll any more, as when it is paused
    topic.publishTo(0, "e1");
    HeldHandler held = new HeldHandler();
    Map<String, Object> settings =
        new HashMap<>(topic.consumerSettings("max.poll.interval.ms", 1_000));
    settings.put("interceptor.classes", HeldPoll.class.getName());
    HeldPoll.from("does not poll");
    InboxRunner slow = started(runner().kafka(settings).handler(held));
    held.awaitEntered();
    topic.publishTo(1, "does not poll");
    HeldPoll.awaitHeld();

    // When: another has taken over and its claim waits for the first one's transaction
    InboxRunner other = started(runner());
    awaitTrue(() -> !database.waitingForLocks().isEmpty());
    held.release();
    awaitReceived(other, 2);
    HeldPoll.release();

    // Then
    assertThat(other.counts()).isEqualTo(new InboxCounts(2, 1, 1, 0, 0));
    assertThat(Effects.in(database)).containsExactly("e1", "does not poll");
    other.stop();
    topic.publishTo(0, "e2");
    awaitTrue(() -> Effects.in(database).contains("e2"));
    assertThat(slow.state()).isEqualTo(new RunnerState.Running());
    assertThat(Effects.in(database)).containsExactly("e1", "does not poll", "e2");
  }

  @Test
  void partitionsThatCameDuringTheWaitBetweenAttemptsAreReadFromTheirBeginning()
      throws SQLException {
    // Given: two members, and one of them waits after a failed attempt
    Set<Integer> partitionsOfTheWaiting = ConcurrentHashMap.newKeySet();
    AtomicBoolean failed = new AtomicBoolean();
    InboxRunner waiting =
        started(
            runner()
                .retryWait(Duration.ofSeconds(3), Duration.ofSeconds(3))
                .handler(
                    (connection, event) -> {
                      partitionsOfTheWaiting.add(event.partition());
                      if (event.id().startsWith("poison") && failed.compareAndSet(false, true)) {
                        throw new SQLException("once");
                      }
                      Effects.insert(connection, event);
                    }));
    InboxRunner leaving = started(runner());
    awaitTrue(() -> topic.partitionsOfEachMember().equals(List.of(2, 2)));
    publishToAll("first");
    awaitTrue(() -> Effects.in(database).size() == 4);
    int own = partitionsOfTheWaiting.iterator().next();
    topic.publishTo(own, "poison");
    awaitTrue(() -> waiting.state() instanceof RunnerState.Retrying);

    // When
    leaving.stop();
    publishToAll("late");

    // Then
    awaitTrue(() -> Effects.in(database).size() == 9);
    assertThat(Effects.in(database).stream().filter(id -> id.startsWith("late")))
        .containsExactlyInAnyOrder("late 0", "late 1", "late 2", "late 3");
  }

  private void publishToAll(String id) {
    for (int partition = 0; partition < 4; partition++) {
      topic.publishTo(partition, id + " " + partition);
    }
  }

  private void publishLoad(int from, int to) {
    for (int i = from; i < to; i++) {
      for (int key = 0; key < KEYS; key++) {
        topic.producer().send(topic.event("%d-%04d".formatted(key, i), "key " + key));
        if (i % REPEAT_EACH == 0) {
          // As the relay does after a crash: a delivered event comes once more.
          topic.producer().send(topic.event("%d-%04d".formatted(key, i), "key " + key));
        }
      }
    }
    topic.producer().flush();
  }

  private void assertEveryEventOnceAndInOrderOfItsKey() throws SQLException {
    for (int key = 0; key < KEYS; key++) {
      int k = key;
      assertThat(
              database.query(
                  "select event_id from effect where key = 'key %d' order by n".formatted(k)))
          .containsExactlyElementsOf(
              IntStream.range(0, EVENTS_PER_KEY).mapToObj(i -> "%d-%04d".formatted(k, i)).toList());
    }
  }
}
