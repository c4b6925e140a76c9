package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings.Engine;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Servers that go and come back. They are those of all tests, so one at a time. */
class RelayOutageTest extends RelayTestBase {

  @Test
  @Tag("long")
  void aStopWhileWaitingForATopicLosesNothing() throws Exception {
    // Given a relay that waits for the broker to make a topic
    Relay waiting = startRelay(Map.of("drain-timeout", "1s"));
    kafka.stop();
    String first;
    try {
      first = database.insert("Invoice", "1", "for a topic that is not there yet");
      database.insert("Order", "1", "behind it");
      await()
          .atMost(PATIENCE)
          .until(() -> registry.get("outbox.relay.in.flight").gauge().value() == 1);
      // When it is stopped
      waiting.stop();
    } finally {
      kafka.start();
    }
    // Then the next one publishes what was waited with, and what stood behind it
    startRelay();
    awaitPatiently().until(() -> topics.poll().size() >= 2);
    assertThat(topics.ids()).containsExactlyInAnyOrderElementsOf(database.eventIds());
    assertThat(topics.ids()).contains(first);
  }

  @Test
  @Tag("long")
  void aBrokerThatWasAwayIsGoneOnWithInOrderAndWithoutRepeats() {
    // Given a relay that has published
    Relay relay = startRelay();
    database.insert("Order", "1", "before");
    awaitPatiently().until(() -> topics.poll().size() == 1);
    // When the broker goes away while events are written
    kafka.stop();
    try {
      for (int i = 0; i < 50; i++) {
        database.insert("Order", String.valueOf(i % 7), "while away");
      }
      // Then the relay says so, and does not give up
      await().atMost(PATIENCE).until(() -> !relay.stalledFor().isZero());
      assertThat(relay.state()).isInstanceOf(Leading.class);
    } finally {
      kafka.start();
    }
    // And when it is back, they come once, in order
    awaitPatiently().until(() -> topics.poll().size() >= 51);
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
    await().atMost(PATIENCE).until(() -> relay.stalledFor().isZero());
  }

  @ParameterizedTest
  @EnumSource(Engine.class)
  void aRestartedDatabaseIsGoneOnWith(Engine engine) {
    Relay relay = startRelay(Map.of("engine", engine.name(), "heartbeat-interval", "30s"));
    database.insert("Order", "1", "before");
    awaitPatiently().until(() -> topics.poll().size() == 1);
    // A server that shuts down waits for its streams to be confirmed or gone, and behind what the
    // relay has confirmed there is always something that the relay itself has written.
    awaitStandingSlot();
    database.server().stop();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Failed);
    assertThat(((Failed) relay.state()).failure().problem()).contains("cannot be reached");
    database.server().start();
    database.insert("Order", "1", "after");
    awaitPatiently().until(() -> Set.copyOf(topics.ids()).size() == 2);
    assertThat(topics.ids()).endsWith(database.eventIds().get(1));
  }

  @Test
  void aKilledDatabaseLosesAndReordersNothing() {
    startRelay();
    insertMany(3_000);
    awaitPatiently().until(() -> !topics.poll().isEmpty());
    database.server().kill();
    database.server().start();
    insertMany(3_000);
    awaitPatiently().until(() -> Set.copyOf(topics.ids()).size() == 6_000);
    topics
        .idsByKey()
        .forEach(
            (key, ids) ->
                assertThat(ids.stream().distinct().toList())
                    .isEqualTo(database.eventIdsByKey().get(key)));
  }

  private void awaitStandingSlot() {
    AtomicReference<String> before = new AtomicReference<>("");
    awaitPatiently()
        .during(Duration.ofSeconds(1))
        .until(
            () -> {
              String now = database.confirmedLsn();
              return now.equals(before.getAndSet(now));
            });
  }
}
