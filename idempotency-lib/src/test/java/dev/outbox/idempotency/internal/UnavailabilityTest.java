package dev.outbox.idempotency.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnavailabilityTest {

  @ParameterizedTest
  @ValueSource(strings = {"P0001", "23514", "25P02", "42P01"})
  void whatTheDatabaseAnswersIsARefusal(String sqlState) {
    assertThat(Unavailability.isRefusal(wrapped(sqlState))).isTrue();
    assertThat(Unavailability.isCauseOf(wrapped(sqlState))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "40001", "53100", "57014", "57P01", "58030", ""})
  void aDatabaseThatIsAwayOrBusyOrSilentRefusesNothing(String sqlState) {
    assertThat(Unavailability.isRefusal(wrapped(sqlState))).isFalse();
  }

  @Test
  void noFailureOfTheDatabaseIsNoRefusal() {
    assertThat(Unavailability.isRefusal(new IllegalStateException())).isFalse();
    assertThat(Unavailability.isRefusal(new SQLException("no state"))).isFalse();
  }

  @Test
  void aConnectionLostBehindARefusalLeavesItInDoubt() {
    SQLException refused = new SQLException("no", "P0001", new SQLException("away", "08006"));
    assertThat(Unavailability.isRefusal(refused)).isFalse();
  }

  private static Exception wrapped(String sqlState) {
    return new IllegalStateException(new SQLException("no", sqlState));
  }
}
