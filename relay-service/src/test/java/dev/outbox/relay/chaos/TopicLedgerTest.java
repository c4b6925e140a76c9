package dev.outbox.relay.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TopicLedgerTest {

  private final TopicLedger ledger = new TopicLedger();

  @Test
  void eventsInOrderAreNoInversion() {
    take(1, 2, 3);
    assertThat(ledger.inversions()).isEmpty();
    assertThat(ledger.repeats()).isZero();
  }

  @Test
  void aRunThatRepeatsAsAWholeIsCountedAndNoInversion() {
    take(1, 2, 3, 2, 3, 4);
    assertThat(ledger.inversions()).isEmpty();
    assertThat(ledger.repeats()).isEqualTo(2);
    assertThat(ledger.republished()).isZero();
  }

  @Test
  void anEventThatIsOvertakenIsAnInversion() {
    take(1, 3, 2);
    assertThat(ledger.inversions()).isNotEmpty();
  }

  @Test
  void aRepeatWithAHoleIsAnInversion() {
    take(1, 2, 3, 1, 3);
    assertThat(ledger.inversions()).hasSize(1).first().asString().contains("continues no run");
  }

  /** A relay that was stopped, replaced and continued sends once more what it had in flight. */
  @Test
  void aRunOfAReplacedRelayAmongThoseOfItsSuccessorIsNoInversion() {
    take(1, 2, 3, 2, 3, 4, 2, 5, 3, 6);
    assertThat(ledger.inversions()).isEmpty();
    assertThat(ledger.repeats()).isEqualTo(4);
  }

  @Test
  void anEventAtAnEarlierPositionIsAnInversion() {
    ledger.take(record("a", 1, 7));
    ledger.take(record("b", 1, 6));
    assertThat(ledger.inversions()).hasSize(1).first().asString().contains("of its partition");
  }

  @Test
  void anEventAtAnotherPositionThanBeforeIsRepublished() {
    ledger.take(record("a", 1, 1));
    ledger.take(record("a", 1, 2));
    assertThat(ledger.repeats()).isEqualTo(1);
    assertThat(ledger.republished()).isEqualTo(1);
  }

  @Test
  void anEventThatDoesNotArriveIsMissing() {
    take(1);
    CommittedEvent lost = new CommittedEvent("a2", "a", 2);
    assertThat(ledger.missing(List.of(new CommittedEvent("a1", "a", 1), lost)))
        .containsExactly(lost);
  }

  private void take(int... numbers) {
    for (int number : numbers) {
      ledger.take(record("a", number, number));
    }
  }

  private static Arrival record(String key, int number, int position) {
    return new Arrival("topic-0", key, key + number, number, "0-" + position, 0);
  }
}
