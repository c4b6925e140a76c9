package dev.outbox.relay.command;

import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.RelayStatus;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the looks of a watch are shown. */
sealed interface StatusView {

  /** Before the first look. */
  default void begin() {}

  void show(Instant at, List<RelayStatus> shards);

  /** A look that failed. */
  void show(Instant at, RelayException failure);

  /** After the last look; harmless when repeated, from any thread. */
  default void end() {}

  /** A line for each figure, and an empty one between shards. */
  static List<String> lines(List<RelayStatus> shards) {
    List<String> lines = new ArrayList<>();
    for (RelayStatus shard : shards) {
      if (!lines.isEmpty()) {
        lines.add("");
      }
      lines.addAll(lines(shard));
    }
    return lines;
  }

  private static List<String> lines(RelayStatus status) {
    return status.figures().entrySet().stream()
        .filter(figure -> figure.getValue() != null)
        .map(figure -> "%-20s %s".formatted(figure.getKey(), figure.getValue()))
        .collect(Collectors.toList());
  }

  /** A JSON object on each line, one for each shard. */
  record Json(PrintWriter out) implements StatusView {

    @Override
    public void show(Instant at, List<RelayStatus> shards) {
      shards.forEach(shard -> print(at, shard.figures()));
    }

    @Override
    public void show(Instant at, RelayException failure) {
      print(at, Answer.failure(failure));
    }

    private void print(Instant at, Map<String, ? extends @Nullable Object> figures) {
      Map<String, @Nullable Object> answer = new LinkedHashMap<>();
      answer.put("time", at.toString());
      answer.putAll(figures);
      out.println(Answer.of(answer));
      out.flush();
    }
  }

  /** A line for people, or for a log; of several shards one for each. */
  record Lines(PrintWriter out) implements StatusView {

    @Override
    public void show(Instant at, List<RelayStatus> shards) {
      shards.forEach(shard -> print(at, shards.size() > 1 ? shard.relay() + " " : "", shard));
      out.flush();
    }

    private void print(Instant at, String name, RelayStatus status) {
      out.printf(
          "%s %s%s, %s, confirmed %s, %s bytes and %d s behind%s%n",
          at,
          name,
          status.level().name().toLowerCase(Locale.ROOT),
          status.streaming() ? "streaming" : "no relay reads",
          status.confirmedLsn(),
          status.lagBytes(),
          status.lag().toSeconds(),
          status.problem().isEmpty() ? "" : ": " + status.problem());
    }

    @Override
    public void show(Instant at, RelayException failure) {
      out.printf("%s unknown: %s%n", at, failure.getMessage());
      out.flush();
    }
  }

  /** A screen of a terminal, drawn over and over; the former one comes back with the last look. */
  final class Screen implements StatusView {

    private final PrintWriter out;
    private final Duration every;
    private List<String> lastFigures = List.of();
    private @Nullable Instant lastAnswer;
    private List<String> frame = List.of();
    private boolean open;

    Screen(PrintWriter out, Duration every) {
      this.out = out;
      this.every = every;
    }

    @Override
    public synchronized void begin() {
      open = true;
      out.print(Terminal.OTHER_SCREEN + Terminal.HOME + Terminal.ERASE_BELOW);
      out.flush();
    }

    @Override
    public synchronized void show(Instant at, List<RelayStatus> shards) {
      lastFigures = lines(shards);
      lastAnswer = at;
      draw(at, lastFigures);
    }

    @Override
    public synchronized void show(Instant at, RelayException failure) {
      List<String> lines = new ArrayList<>();
      lines.add("NOT KNOWN            " + failure.problem());
      lines.add("remedy               " + failure.remedy());
      if (lastAnswer != null) {
        lines.add("");
        lines.add("as it was at " + lastAnswer);
        lines.addAll(lastFigures);
      }
      draw(at, lines);
    }

    private void draw(Instant at, List<String> lines) {
      if (!open) {
        return;
      }
      frame = new ArrayList<>();
      frame.add("Status at %s, every %s; Ctrl-C ends it".formatted(at, readable(every)));
      frame.add("");
      frame.addAll(lines);
      // Drawn over the frame before, not erased first, and in one piece: so nothing flickers. The
      // blank takes a line that fills its row to the next one, which is erased and not its end.
      out.print(
          frame.stream()
              .map(line -> line + " " + Terminal.ERASE_REST_OF_LINE)
              .collect(Collectors.joining("\r\n", Terminal.HOME, Terminal.ERASE_BELOW)));
      out.flush();
    }

    private static String readable(Duration duration) {
      return duration.toMillis() % 1000 == 0
          ? duration.toSeconds() + " s"
          : duration.toMillis() + " ms";
    }

    @Override
    public synchronized void end() {
      if (open) {
        open = false;
        out.print(Terminal.FORMER_SCREEN);
        frame.forEach(out::println);
        out.flush();
      }
    }
  }
}
