package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.OutcomePolicy.Disposition.COMMIT_AND_STORE;
import static dev.outbox.idempotency.http.OutcomePolicy.Disposition.ROLL_BACK_AND_RELEASE;
import static dev.outbox.idempotency.http.OutcomePolicy.Disposition.ROLL_BACK_AND_STORE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class OutcomePolicyTest {

  @Test
  void successAndFinalRefusalsAreStoredAndWhatPassesIsReleased() {
    assertThat(List.of(200, 201, 204, 303)).allMatch(s -> of(s) == COMMIT_AND_STORE);
    assertThat(List.of(400, 402, 404, 410, 412, 415, 422))
        .allMatch(s -> of(s) == ROLL_BACK_AND_STORE);
    assertThat(List.of(401, 403, 408, 409, 423, 425, 429, 500, 502, 503, 504, 599))
        .allMatch(s -> of(s) == ROLL_BACK_AND_RELEASE);
  }

  @Test
  void itIsASetting() {
    OutcomePolicy policy = OutcomePolicy.of(List.of("404", "5xx"), List.of("402"));
    assertThat(policy.of(404)).isEqualTo(ROLL_BACK_AND_RELEASE);
    assertThat(policy.of(402)).isEqualTo(COMMIT_AND_STORE);
    assertThat(policy.of(409)).isEqualTo(ROLL_BACK_AND_STORE);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThatThrownBy(() -> OutcomePolicy.of(List.of("200"), List.of()))
        .hasMessageContaining("'200' among the released outcomes");
    assertThatThrownBy(() -> OutcomePolicy.of(List.of("2xx"), List.of()))
        .hasMessageContaining("'2xx'");
    assertThatThrownBy(() -> OutcomePolicy.of(List.of("4xx"), List.of("402")))
        .hasMessageContaining("402 is both released and committed");
  }

  private static OutcomePolicy.Disposition of(int status) {
    return OutcomePolicy.DEFAULT.of(status);
  }
}
