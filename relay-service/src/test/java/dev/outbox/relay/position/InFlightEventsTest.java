package dev.outbox.relay.position;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.position.InFlightEvents.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InFlightEventsTest {

  private static final int OVERHEAD = 256;

  @Test
  void nothingBehindAnUnacknowledgedEventIsSettled() {
    // Given three events in flight
    InFlightEvents<String> inFlight = new InFlightEvents<>(1_000_000, 5);
    Entry<String> first = inFlight.admit(10, 1, "x");
    Entry<String> second = inFlight.admit(20, 1, "x");
    Entry<String> third = inFlight.admit(30, 1, "x");
    // Then what ended before the first of them may be confirmed, and nothing else
    assertThat(inFlight.settle()).isEqualTo(10);
    // When they are acknowledged out of order
    third.acknowledge();
    assertThat(inFlight.settle()).isEqualTo(10);
    first.acknowledge();
    // Then only the contiguous prefix is settled
    assertThat(inFlight.settle()).isEqualTo(20);
    second.acknowledge();
    assertThat(inFlight.settle()).isEqualTo(30);
    assertThat(inFlight.isEmpty()).isTrue();
  }

  @Test
  void anyOrderOfAcknowledgementsSettlesExactlyThePrefix() {
    Random random = new Random(4);
    for (int round = 0; round < 200; round++) {
      InFlightEvents<String> inFlight = new InFlightEvents<>(Long.MAX_VALUE, 0);
      List<Entry<String>> entries = new ArrayList<>();
      boolean[] acknowledged = new boolean[30];
      for (int i = 0; i < acknowledged.length; i++) {
        entries.add(inFlight.admit(i + 1, 1, "x"));
      }
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < acknowledged.length; i++) {
        order.add(i);
      }
      Collections.shuffle(order, random);
      for (int index : order) {
        entries.get(index).acknowledge();
        acknowledged[index] = true;
        int prefix = 0;
        while (prefix < acknowledged.length && acknowledged[prefix]) {
          prefix++;
        }
        // Entry number i carries i + 1: the end of the commit before its transaction.
        assertThat(inFlight.settle()).isEqualTo(Math.min(prefix + 1, acknowledged.length));
      }
    }
  }

  @Test
  void whatNeedsNoAcknowledgementWaitsForWhatStandsBeforeIt() {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1_000_000, 0);
    inFlight.pass(1);
    assertThat(inFlight.settle()).isEqualTo(1);
    Entry<String> event = inFlight.admit(2, 1, "x");
    inFlight.pass(3);
    assertThat(inFlight.settle()).isEqualTo(2);
    event.acknowledge();
    assertThat(inFlight.settle()).isEqualTo(3);
  }

  @Test
  void whatPassesBehindAStalledEventDoesNotGather() {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1_000_000, 0);
    Entry<String> event = inFlight.admit(1, 1, "x");
    for (int i = 2; i < 1000; i++) {
      inFlight.pass(i);
    }
    assertThat(inFlight.bytes()).isLessThan(1000);
    assertThat(inFlight.events()).isEqualTo(1);
    event.acknowledge();
    assertThat(inFlight.settle()).isEqualTo(999);
    assertThat(inFlight.events()).isZero();
    assertThat(inFlight.bytes()).isZero();
  }

  @Test
  void bytesAreBoundedUntilThePrefixHasLeft() {
    // Given room for two events
    InFlightEvents<String> inFlight = new InFlightEvents<>(2 * (100 + OVERHEAD), 0);
    inFlight.admit(1, 100, "x");
    assertThat(inFlight.hasRoomFor(100)).isTrue();
    Entry<String> second = inFlight.admit(2, 100, "x");
    assertThat(inFlight.hasRoomFor(0)).isFalse();
    // When only the second is acknowledged
    second.acknowledge();
    inFlight.settle();
    // Then there is still no room: a stalled partition holds memory too
    assertThat(inFlight.hasRoomFor(0)).isFalse();
    assertThat(inFlight.bytes()).isEqualTo(2 * (100 + OVERHEAD));
    assertThat(inFlight.events()).isEqualTo(2);
  }

  @Test
  void anEventLargerThanTheLimitTravelsAlone() {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1000, 0);
    assertThat(inFlight.hasRoomFor(5000)).isTrue();
    inFlight.admit(1, 5000, "x").acknowledge();
    assertThat(inFlight.hasRoomFor(1)).isFalse();
    inFlight.settle();
    assertThat(inFlight.hasRoomFor(5000)).isTrue();
  }

  @Test
  void whatWasNotHandedOverLeavesNoTrace() {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1000, 0);
    Entry<String> first = inFlight.admit(1, 10, "x");
    inFlight.admit(2, 10, "x");
    inFlight.withdrawLast();
    first.acknowledge();
    assertThat(inFlight.settle()).isEqualTo(1);
    assertThat(inFlight.bytes()).isZero();
  }

  @Test
  void whatIsNotAcknowledgedIsKeptToBeSentAgain() {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1000, 0);
    Entry<String> first = inFlight.admit(1, 10, "first");
    Entry<String> second = inFlight.admit(2, 10, "second");
    inFlight.pass(3);
    Entry<String> third = inFlight.admit(4, 10, "third");
    second.acknowledge();
    assertThat(inFlight.open()).extracting(Entry::subject).containsExactly("first", "third");
    assertThat(inFlight.isOldest(third)).isFalse();
    first.acknowledge();
    assertThat(inFlight.isOldest(third)).isTrue();
    assertThat(second.subject()).isNull();
  }

  @Test
  void waitingEndsWithAnAcknowledgementOfTheOldest() throws Exception {
    InFlightEvents<String> inFlight = new InFlightEvents<>(1000, 0);
    Entry<String> entry = inFlight.admit(1, 10, "x");
    Thread engine = Thread.currentThread();
    Thread callback =
        new Thread(
            () -> {
              await().atMost(PATIENCE).until(() -> engine.getState() == Thread.State.TIMED_WAITING);
              entry.acknowledge();
            });
    callback.start();
    // A wait that missed the acknowledgement would last the hour.
    inFlight.awaitCompletion(Duration.ofHours(1));
    assertThat(inFlight.settle()).isEqualTo(1);
    callback.join();
  }
}
