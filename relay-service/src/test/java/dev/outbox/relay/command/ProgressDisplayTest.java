package dev.outbox.relay.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.operations.ProgressListener.Progress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How progress looks, by a clock that is set by hand. */
class ProgressDisplayTest {

  private final StringWriter written = new StringWriter();
  private final PrintWriter out = new PrintWriter(written, true);
  private final AtomicLong clock = new AtomicLong(1_000);

  @Test
  void aBarShowsPartRateAndTimeLeftInOneLine() {
    try (ProgressDisplay bar = new ProgressDisplay.Bar(out, clock::get)) {
      bar.at(progress("Reading topics", 0, OptionalLong.of(1000)));
      later(Duration.ofSeconds(2));
      bar.at(progress("Reading topics", 500, OptionalLong.of(1000)));
      assertThat(written.toString())
          .contains("Reading topics [###############...............] 50 %, 500 of 1000 records")
          .contains(", 250/s, 0:02 left")
          .startsWith(Terminal.ERASE_LINE + Terminal.WRAP_OFF)
          .endsWith(Terminal.WRAP_ON);
      // What comes too soon is not drawn, but for the end
      later(Duration.ofMillis(1));
      bar.at(progress("Reading topics", 1000, OptionalLong.of(1000)));
      assertThat(written.toString()).doesNotContain("100 %");
    }
    assertThat(written.toString())
        .contains("[##############################] 100 %")
        .endsWith(System.lineSeparator());
    assertThat(written.toString()).containsOnlyOnce(System.lineSeparator());
  }

  @Test
  void whatIsQuickShowsNothing() {
    try (ProgressDisplay bar = new ProgressDisplay.Bar(out, clock::get);
        ProgressDisplay lines = new ProgressDisplay.Lines(out, clock::get)) {
      for (int i = 0; i < 100; i++) {
        bar.at(progress("Step " + i, 5, OptionalLong.of(10)));
        lines.at(progress("Reading rows", i, OptionalLong.empty()));
        later(Duration.ofMillis(20));
      }
    }
    assertThat(written.toString()).isEmpty();
  }

  @Test
  void linesComeEveryFewSecondsWithoutControlSequences() {
    try (ProgressDisplay lines = new ProgressDisplay.Lines(out, clock::get)) {
      for (int i = 0; i <= 100; i++) {
        lines.at(progress("Reading rows", i * 10L, OptionalLong.empty()));
        later(Duration.ofMillis(100));
      }
    }
    assertThat(written.toString().lines())
        .containsExactly(
            "Reading rows: 300 records, 100/s",
            "Reading rows: 600 records, 100/s",
            "Reading rows: 900 records, 100/s");
  }

  @Test
  void moreThanWasExpectedIsNotMoreThanAll() {
    try (ProgressDisplay bar = new ProgressDisplay.Bar(out, clock::get)) {
      bar.at(progress("Reading topics", 0, OptionalLong.of(0)));
      later(Duration.ofSeconds(1));
      bar.at(progress("Reading topics", 7, OptionalLong.of(0)));
      assertThat(written.toString()).contains("100 %").doesNotContain("left");
    }
  }

  private void later(Duration time) {
    clock.addAndGet(time.toNanos());
  }

  private static Progress progress(String doing, long done, OptionalLong of) {
    return new Progress(doing, done, of, "records", "");
  }
}
