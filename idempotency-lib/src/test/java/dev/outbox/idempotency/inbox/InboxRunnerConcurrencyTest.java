package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.inbox.RunnerState.Paused;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Partitions beside each other, and a runner that is told to pause. */
@Tag("slow")
class InboxRunnerConcurrencyTest extends RunnerTestBase {

  InboxRunnerConcurrencyTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 4);
  }

  @Test
  void partitionsAreWorkedOnAtOnceAndEachInItsOrder() throws SQLException {
    // Given: nobody gets past their first event before three are in hand at the same time
    CyclicBarrier together = new CyclicBarrier(3);
    Set<String> met = ConcurrentHashMap.newKeySet();
    for (int i = 0; i < 20; i++) {
      for (int partition = 0; partition < 3; partition++) {
        topic.publishTo(partition, "%d-%02d".formatted(partition, i));
      }
    }

    // When
    InboxRunner runner =
        started(
            runner()
                .concurrency(3)
                .handler(
                    (connection, event) -> {
                      if (met.add("partition " + event.partition())) {
                        together.await();
                      }
                      Effects.insert(connection, event);
                    }));
    awaitReceived(runner, 60);

    // Then
    for (int partition = 0; partition < 3; partition++) {
      assertThat(
              database.query(
                  "select event_id from effect where event_id like '%d-%%' order by n"
                      .formatted(partition)))
          .hasSize(20)
          .isSorted();
    }
    awaitTrue(() -> runner.lag() == 0);
  }

  @Test
  void noMoreHandlersAreCalledAtOnceThanWasSaid() {
    // Given
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    for (int i = 0; i < 40; i++) {
      topic.publishTo(i % 4, "e" + i);
    }

    // When
    InboxRunner runner =
        started(
            runner()
                .concurrency(2)
                .handler(
                    (connection, event) -> {
                      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                      Effects.insert(connection, event);
                      inside.decrementAndGet();
                    }));
    awaitReceived(runner, 40);

    // Then
    assertThat(most.get()).isBetween(1, 2);
  }

  @Test
  void aPartitionThatWaitsAfterAFailureDoesNotHoldUpTheOthersAndWhatStoodBeforeIsApplied()
      throws SQLException {
    // Given
    AtomicBoolean healed = new AtomicBoolean();
    topic.publishTo(0, "before");
    topic.publishTo(0, "poison");
    topic.publishTo(0, "behind");
    topic.publishTo(1, "beside");

    // When
    InboxRunner runner =
        started(
            runner()
                .handler(
                    (connection, event) -> {
                      if (event.id().equals("poison") && !healed.get()) {
                        throw new IOException("no");
                      }
                      Effects.insert(connection, event);
                    }));
    awaitTrue(() -> runner.counts().failedAttempts() > 2);
    topic.publishTo(1, "later beside");
    awaitTrue(() -> Effects.in(database).contains("later beside"));

    // Then
    assertThat(Effects.in(database)).containsExactlyInAnyOrder("before", "beside", "later beside");
    assertThat(runner.lag()).isEqualTo(2);
    awaitTrue(() -> topic.committed(0) == 1);
    healed.set(true);
    awaitReceived(runner, 5);
    assertThat(
            database.query(
                "select event_id from effect where event_id not like '%beside' order by n"))
        .containsExactly("before", "poison", "behind");
    assertThat(runner.state()).isEqualTo(new RunnerState.Running());
  }

  @Test
  void aSlowHandlerKeepsItsPartitionsHoweverLongItTakes() throws SQLException {
    // Given: the handler takes longer than the group waits for a poll
    List<String> members = new CopyOnWriteArrayList<>();
    CountDownLatch late = new CountDownLatch(1);
    topic.publishTo(0, "e1");
    InboxRunner runner =
        started(
            runner()
                .kafka(topic.consumerSettings("max.poll.interval.ms", 500))
                .handler(
                    (connection, event) -> {
                      members.add(topic.memberId());
                      late.await();
                      members.add(topic.memberId());
                      Effects.insert(connection, event);
                    }));
    awaitTrue(() -> members.size() == 1);

    // When
    long start = System.nanoTime();
    awaitTrue(() -> System.nanoTime() - start > Duration.ofMillis(1_500).toNanos());
    late.countDown();
    awaitReceived(runner, 1);

    // Then
    assertThat(members).hasSize(2).containsOnly(members.get(0));
    assertThat(runner.counts()).isEqualTo(new InboxCounts(1, 1, 0, 0, 0));
  }

  @Test
  void aPausedRunnerAppliesNothingKeepsItsPlaceInTheGroupAndGoesOnWhenTold() throws SQLException {
    // Given
    topic.publishTo(0, "e1");
    InboxRunner runner = started(runner());
    awaitReceived(runner, 1);

    // When
    runner.pause();
    awaitTrue(() -> runner.state() instanceof Paused);
    String member = topic.memberId();
    topic.publishTo(0, "e2");
    InboxRunner other = started(runner().consumer("another " + topic.name()));
    awaitReceived(other, 2);

    // Then
    assertThat(runner.counts().received()).isEqualTo(1);
    runner.resume();
    awaitReceived(runner, 2);
    assertThat(topic.memberId()).isEqualTo(member);
    assertThat(runner.state()).isEqualTo(new RunnerState.Running());
  }

  @Test
  void aRunnerThatStopsLetsEveryWorkerFinishAndCommitsTheirOffsets() throws Exception {
    // Given
    CountDownLatch entered = new CountDownLatch(2);
    CountDownLatch gate = new CountDownLatch(1);
    topic.publishTo(0, "e1");
    topic.publishTo(1, "e2");
    InboxRunner runner =
        started(
            runner()
                .concurrency(2)
                .handler(
                    (connection, event) -> {
                      entered.countDown();
                      gate.await();
                      Effects.insert(connection, event);
                    }));
    entered.await();

    // When
    Thread stop = new Thread(runner::stop);
    stop.start();
    awaitTrue(() -> runner.state() instanceof RunnerState.Stopping);
    gate.countDown();
    assertThat(runner.ended()).succeedsWithin(PATIENCE);

    // Then
    assertThat(Effects.in(database)).containsExactlyInAnyOrder("e1", "e2");
    assertThat(topic.committed(0)).isEqualTo(1);
    assertThat(topic.committed(1)).isEqualTo(1);
  }

  @Test
  void aRebalanceWaitsForWhatIsInHandSoThatNothingIsDoneTwice() throws Exception {
    // Given
    HeldHandler held = new HeldHandler();
    topic.publishTo(0, "e1");
    InboxRunner first = started(runner().handler(held));
    held.awaitEntered();

    // When: a second member asks for its share
    InboxRunner second = runner().build();
    Thread start = new Thread(second::start);
    start.start();
    awaitTrue(this::isGivingPartitionsAway);
    held.release();
    start.join();

    // Then
    awaitTrue(() -> topic.partitionsOfEachMember().equals(List.of(2, 2)));
    awaitTrue(() -> topic.committed(0) == 1);
    assertThat(first.counts().repeats() + second.counts().repeats()).isZero();
    assertThat(Effects.in(database)).containsExactly("e1");
    second.stop();
  }

  private boolean isGivingPartitionsAway() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey().getName().equals("inbox-" + topic.consumer()))
        .flatMap(thread -> Arrays.stream(thread.getValue()))
        .anyMatch(frame -> frame.getMethodName().equals("onPartitionsRevoked"));
  }
}
