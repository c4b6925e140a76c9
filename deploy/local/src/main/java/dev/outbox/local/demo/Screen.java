package dev.outbox.local.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;

/** What the person at the terminal sees. All lines have at most 80 columns, commands aside. */
final class Screen {

  private static final String BOLD = "\u001B[1m";
  private static final String FAINT = "\u001B[2m";
  private static final String GREEN = "\u001B[32m";
  private static final String RED = "\u001B[31m";
  private static final String PLAIN = "\u001B[0m";
  private static final int ID_SHOWN = 8;

  private final PrintStream out;
  private final boolean colours;
  private long startedAt;

  Screen(PrintStream out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  void title() {
    line("");
    line(styled(BOLD, "Outbox Relay") + ": row → topic → effect, once");
    line("");
  }

  void starting(String name) {
    startedAt = System.nanoTime();
    out.printf(" %-15s", name);
    out.flush();
  }

  void started(String address) {
    Duration took = Duration.ofNanos(System.nanoTime() - startedAt);
    line("%-24s %s".formatted(address, styled(FAINT, "%.1f s".formatted(took.toMillis() / 1e3))));
  }

  void page(String url) {
    line("");
    line(" The shop, and what you can break in it:  " + styled(BOLD, url));
  }

  void tableHead() {
    line("");
    line(
        styled(
            BOLD,
            " %-8s  %-14s   %-23s   %-18s %7s"
                .formatted("order", "row", "topic", "effect on stock", "in all")));
  }

  void trace(Trace trace) {
    line(
        " %-8s %7s  %-6s →%7s  %-15s →%7s  %-10s %s"
            .formatted(
                shortened(trace.published().aggregateId()),
                milliseconds(trace.untilRow()),
                trace.row().map(row -> "seq " + row.seq()).orElse("gone"),
                milliseconds(trace.untilTopic()),
                trace.published().place(),
                milliseconds(trace.untilEffect()),
                trace
                    .effect()
                    .map(effect -> "%s %+d".formatted(effect.product(), effect.change()))
                    .orElse("none"),
                styled(BOLD, "%7s".formatted(milliseconds(trace.inAll())))));
  }

  void lost(String aggregateId, String what) {
    line(" %-8s  %s".formatted(shortened(aggregateId), styled(RED, what)));
  }

  void repeated(String aggregateId, String place, String outcome) {
    line(
        " %-8s  %-14s →%7s  %-15s →%7s  %s"
            .formatted(shortened(aggregateId), "repeated", "", place, "", outcome));
  }

  void harm(String what) {
    line(" %-8s  %s".formatted("harm", what));
  }

  void summary(Summary summary) {
    line("");
    line(" " + styled(summary.isRight() ? GREEN + BOLD : RED + BOLD, summary.text()));
    line("");
  }

  /** Commands as they can be copied: without indentation, which a here-document would keep. */
  void toTry(String what, String... commands) {
    line(styled(FAINT, "# " + what));
    for (String command : commands) {
      line(command);
    }
    line("");
  }

  /** What explains and may be passed over. */
  void aside(String text) {
    line(styled(FAINT, text));
  }

  void note(String text) {
    line(text);
  }

  void failure(String message) {
    line("");
    line(styled(RED, message));
  }

  private static String shortened(String id) {
    return id.substring(0, Math.min(ID_SHOWN, id.length()));
  }

  private static String milliseconds(Optional<Duration> time) {
    return time.map(Duration::toMillis).map(ms -> ms == 0 ? "<1 ms" : ms + " ms").orElse("");
  }

  private String styled(String style, String text) {
    return colours ? style + text + PLAIN : text;
  }

  private void line(String text) {
    out.println(text);
  }
}
