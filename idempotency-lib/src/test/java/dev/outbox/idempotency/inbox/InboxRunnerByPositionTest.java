package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.outbox.idempotency.inbox.RunnerToBeKilled.KillPoint;
import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A consumer that remembers one number for each partition. */
@Tag("slow")
class InboxRunnerByPositionTest extends RunnerTestBase {

  private static final int LOAD = 300;

  InboxRunnerByPositionTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 2);
  }

  private InboxRunnerBuilder byPosition() {
    return runner().deduplication(Deduplication.byPosition());
  }

  @Test
  void repeatsOfTheRelayAndOfKafkaTakeEffectOnceAndLeaveOneRowForEachPartition()
      throws SQLException {
    // Given: on one partition the relay's takeover repeats a run of events
    Positions.publish(topic, 0, Positions.at(1), Positions.at(4), Positions.at(5));
    Positions.publish(topic, 0, Positions.at(4), Positions.at(5), Positions.at(6));
    Positions.publish(topic, 1, Positions.at(2), Positions.at(3));
    InboxRunner first = started(byPosition());
    awaitReceived(first, 8);
    first.stop();

    // When: the consumer's offsets are lost
    InboxRunner again =
        started(
            byPosition().kafka(topic.consumerSettings("group.id", "new group " + topic.name())));
    awaitReceived(again, 8);

    // Then
    assertThat(again.counts().repeats()).isEqualTo(8);
    assertThat(Effects.in(database))
        .containsExactlyInAnyOrder(
            Positions.at(1),
            Positions.at(2),
            Positions.at(3),
            Positions.at(4),
            Positions.at(5),
            Positions.at(6));
    assertThat(Effects.markers(database)).isEmpty();
    assertThat(database.query("select position from inbox_position order by partition"))
        .containsExactly(Positions.at(6), Positions.at(3));
  }

  @Test
  void membersThatComeAndGoAndARelayThatRepeatsChangeNothingInTheResult() throws SQLException {
    // Given: runs of ten events, and each comes again as a whole after the next one
    List<String> run = IntStream.range(0, LOAD).mapToObj(Positions::at).toList();
    for (int i = 0; i < LOAD; i += 10) {
      String[] part = run.subList(Math.max(0, i - 10), i + 10).toArray(String[]::new);
      Positions.send(topic, 0, part);
      Positions.send(topic, 1, part);
    }
    topic.producer().flush();
    InboxRunnerBuilder member =
        byPosition().concurrency(2).kafka(topic.consumerSettings("max.poll.records", 20));

    // When
    InboxRunner first = started(member);
    awaitReceived(first, 100);
    InboxRunner second = started(member);
    awaitTrue(() -> topic.partitionsOfEachMember().equals(List.of(1, 1)));
    first.stop();
    InboxRunner third = started(member);
    awaitTrue(() -> Effects.in(database).size() >= 2 * LOAD);

    // Then: each partition's events once, and in its order
    awaitTrue(() -> second.lag() + third.lag() == 0);
    for (int partition : List.of(0, 1)) {
      assertThat(
              database.query(
                  "select event_id from effect where key = 'key %d' order by n"
                      .formatted(partition)))
          .isEqualTo(run);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EFFECTS_WRITTEN", "DATABASE_COMMITTED"})
  void aConsumerKilledAnywhereBeforeItsOffsetCommitAppliesEveryEventOnce(KillPoint point)
      throws SQLException {
    // Given
    String[] run = IntStream.range(1, 41).mapToObj(Positions::at).toArray(String[]::new);
    Positions.publish(topic, 0, run);
    try (ChildProcess child =
        ChildProcess.java()
            .mainClass(RunnerToBeKilled.class.getName())
            .arguments(point.name(), topic.name(), topic.consumer(), topic.bootstrapServers())
            .arguments(database.url(), database.user(), database.password())
            .arguments(RunnerToBeKilled.BY_POSITION)
            .start()) {
      child.awaitOutput(RunnerToBeKilled.REACHED, PATIENCE);

      // When
      child.sigkill();
    }
    assertThat(topic.committed(0)).isZero();

    // Then
    InboxRunner next =
        started(byPosition().kafka(topic.consumerSettings("group.instance.id", "only-one")));
    awaitReceived(next, run.length);
    assertThat(next.counts().repeats() > 0).isEqualTo(point == KillPoint.DATABASE_COMMITTED);
    assertThat(Effects.in(database)).containsExactly(run);
  }

  @Test
  void aReplayIsAppliedAgainAndAReleasedEventForTheFirstTime() throws SQLException {
    // Given: e1 applied; e2 was parked by the relay, so that it never came
    Positions.publish(topic, 0, Positions.at(1), Positions.at(3));

    // When: "parked retry" publishes e2 at the position of its command, and "replay" e1 once more
    ProducerRecord<byte[], byte[]> released = Positions.event(topic, 0, Positions.at(4));
    ProducerRecord<byte[], byte[]> replayed = Positions.event(topic, 0, Positions.at(5));
    replayed.headers().add("outbox-replay", Positions.at(5).getBytes(UTF_8));
    topic.producer().send(released);
    topic.producer().send(replayed);
    awaitReceived(started(byPosition()), 4);

    // Then
    assertThat(Effects.in(database))
        .containsExactly(Positions.at(1), Positions.at(3), Positions.at(4), Positions.at(5));
  }

  @Test
  void aConsumerMayPassReplaysBy() throws SQLException {
    // Given
    ProducerRecord<byte[], byte[]> replayed = Positions.event(topic, 0, Positions.at(2));
    replayed.headers().add("outbox-replay", Positions.at(2).getBytes(UTF_8));
    Positions.publish(topic, 0, Positions.at(1));
    topic.producer().send(replayed);
    Positions.publish(topic, 0, Positions.at(3));

    // When
    awaitReceived(
        started(
            runner().deduplication(new Deduplication.ByPosition(NewEpoch.REFUSE, Replays.SKIP))),
        3);

    // Then
    assertThat(Effects.in(database)).containsExactly(Positions.at(1), Positions.at(3));
  }

  @Test
  void aDoubtfulPositionStopsTheRunnerUntilTheOperatorHasDecided() throws SQLException {
    // Given
    Positions.publish(topic, 0, Positions.at(1, 0x500, 0));
    InboxRunner first = started(byPosition());
    awaitReceived(first, 1);

    // When
    Positions.publish(topic, 0, Positions.at(2, 0x500, 0), Positions.at(2, 0x600, 0));
    assertThat(first.ended()).failsWithin(PATIENCE);
    InboxRunner decided =
        started(
            runner().deduplication(new Deduplication.ByPosition(NewEpoch.SAME_LOG, Replays.APPLY)));
    awaitReceived(decided, 2);

    // Then
    assertThat(first.failure()).get().isInstanceOf(PositionRefusedException.class);
    assertThat(Effects.in(database))
        .containsExactly(Positions.at(1, 0x500, 0), Positions.at(2, 0x600, 0));
  }

  @Test
  void aTopicThatWasGivenMorePartitionsIsRefused() throws Exception {
    // Given
    Positions.publish(topic, 0, Positions.at(1));
    InboxRunner first = started(byPosition());
    awaitReceived(first, 1);
    first.stop();

    // When
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", topic.bootstrapServers()))) {
      admin.createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(4))).all().get();
    }
    Positions.publish(topic, 0, Positions.at(2));
    InboxRunner second = started(byPosition());

    // Then
    assertThat(second.ended()).failsWithin(PATIENCE);
    assertThat(second.failure())
        .get()
        .asInstanceOf(type(PositionRefusedException.class))
        .satisfies(e -> assertThat(e).hasMessageContaining("has 4 partitions, and had 2"));
    assertThat(Effects.in(database)).containsExactly(Positions.at(1));
  }

  @Test
  void aRecordThatIsNotTheRelaysStopsTheRunnerInFrontOfIt() throws SQLException {
    // Given
    Positions.publish(topic, 0, Positions.at(1));
    topic.publishTo(0, "no position");

    // When
    InboxRunner runner = started(byPosition());

    // Then
    assertThat(runner.ended()).failsWithin(PATIENCE);
    assertThat(runner.failure())
        .get()
        .asInstanceOf(type(UnidentifiedEventException.class))
        .satisfies(e -> assertThat(e).hasMessageContaining("no header 'outbox-position'"));
    assertThat(Effects.in(database)).isEqualTo(List.of(Positions.at(1)));
  }
}
