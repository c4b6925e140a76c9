package dev.outbox.relay.operations;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.ParkedEvents.Discarded;
import dev.outbox.relay.operations.ParkedEvents.Retried;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What operators do about parked events, from the call to the topic. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
class ParkedEventsTest {

  private static final Attribution ASKED = new Attribution("alice", "test order");

  private final List<Progress> told = new CopyOnWriteArrayList<>();
  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;
  private ParkedEvents parked;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
    RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), Map.of());
    parked = new ParkedEvents(new SourceDatabase(settings), settings, told::add);
  }

  @Test
  void aKeyIsTriedAgainAnEventGivenUpAndTheKeyFlows() throws Exception {
    try (AutoCloseable relay = relay()) {
      // Given two keys with an event that is refused, and one of them with another behind it
      String poison = poison("7");
      String behind = database.insert("Order", "7", "waits");
      String other = poison("8");
      await().atMost(PATIENCE).until(() -> parked.list(false, 10).size() == 3);
      assertThat(parked.list(false, 2)).hasSize(2);
      assertThat(parked.find(poison).state()).isEqualTo("parked");
      // When all are tried again, they are refused again
      assertThat(parked.retryAll(ASKED, PATIENCE)).isEqualTo(new Retried(2, true, 3));
      assertThat(parked.find(poison).attempts()).isEqualTo(2);
      assertThat(told.get(told.size() - 1).asText()).isEqualTo("Retrying: 2 of 2 keys");
      // When one is given up, by its position, the other of its key still waits
      Listed event = parked.find(poison);
      assertThat(parked.discard(event.position(), ASKED, PATIENCE))
          .isEqualTo(new Discarded(event.position(), true, 1));
      assertThat(parked.find(poison).note()).isEqualTo("test order (by alice)");
      assertThat(parked.list(true, 10)).hasSize(3);
      assertThat(topics.poll()).isEmpty();
      // And the key flows, named by one of its events
      assertThat(parked.retry(behind, ASKED, PATIENCE)).isEqualTo(new Retried(1, true, 1));
      await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().contains(behind));
      assertThat(parked.list(false, 10)).extracting(Listed::id).containsExactly(other);
      // And what is decided is not decided again
      assertThatThrownBy(() -> parked.discard(poison, ASKED, PATIENCE))
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("is discarded already");
    }
  }

  @Test
  void withoutARelayItIsWrittenAndCarriedOutLater() throws Exception {
    String poison;
    try (AutoCloseable relay = relay()) {
      poison = poison("7");
      await().atMost(PATIENCE).until(() -> parked.list(false, 10).size() == 1);
    }
    assertThat(parked.discard(poison, ASKED, Duration.ZERO).carriedOut()).isFalse();
    assertThat(parked.retry("Order/7", ASKED, Duration.ofMillis(400)).carriedOut()).isFalse();
    assertThat(told.get(told.size() - 1).detail()).contains("no relay reads from it");
    assertThat(parked.find(poison).state()).isEqualTo("parked");
    try (AutoCloseable relay = relay()) {
      await().atMost(PATIENCE).until(() -> parked.find(poison).state().equals("discarded"));
    }
  }

  @Test
  void whatCannotBeDoneIsRefusedWithTheRemedy() throws Exception {
    try (AutoCloseable relay = relay()) {
      assertThatThrownBy(() -> parked.find("nobody"))
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("'nobody' was ever parked")
          .hasMessageContaining("parked list --all");
      assertThatThrownBy(
              () -> parked.discard("nobody", new Attribution("alice", " "), Duration.ZERO))
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("reason is empty");
    }
  }

  private AutoCloseable relay() {
    return Relays.leading(database, kafka, Map.of());
  }

  private String poison(String aggregateId) {
    return String.valueOf(
        database.query(
            """
            insert into outbox_event(id, aggregatetype, aggregateid, type, headers)
            values (gen_random_uuid(), 'Order', '%s', 'Placed', 'no json') returning id
            """
                .formatted(aggregateId)));
  }
}
