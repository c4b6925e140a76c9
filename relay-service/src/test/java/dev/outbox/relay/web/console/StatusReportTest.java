package dev.outbox.relay.web.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.operations.Backlog.Certainty;
import dev.outbox.relay.web.console.Samples.Trend;
import dev.outbox.relay.web.console.StatusReport.Lag;
import dev.outbox.relay.web.console.StatusReport.LeaderView;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StatusReportTest {

  @Test
  void nothingWaitsIsSaidOnlyWhenItIsKnown() {
    assertThat(headline(0L, Certainty.COUNTED, null, 0)).contains("nothing waits");
    assertThat(headline(7L, Certainty.COUNTED, 10.0, 0)).contains("7 events are under way");
    assertThat(headline(null, Certainty.AT_MOST, 10.0, 0)).contains("nothing waits");
    assertThat(headline(7L, Certainty.AT_MOST, 10.0, 0)).contains("nothing waits");
    assertThat(headline(0L, Certainty.AT_MOST, 10.0, 1)).contains("is not known");
    assertThat(headline(0L, Certainty.AT_MOST, 1e9, 0)).contains("is not known");
    assertThat(headline(null, Certainty.AT_MOST, null, 0)).contains("is not known");
  }

  private static String headline(
      @Nullable Long events, Certainty certainty, @Nullable Double bytes, int inFlight) {
    return StatusReport.headline(
        new Leading(1),
        new LeaderView(true, "", null, null),
        new Lag(events, certainty, Trend.STEADY, bytes, Trend.STEADY, null, Trend.STEADY),
        inFlight);
  }
}
