package dev.outbox.relay.command;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.operations.RelayStatus;
import dev.outbox.relay.operations.StatusLook;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows how far the relay is. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Shows the replication slot: whether a relay reads it, and how far it is.",
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay status",
      "  relay status --watch",
      "  relay status --watch --every=10s >> status.log",
      "  relay status --json"
    })
final class StatusCommand extends OneShotCommand {

  private static final Duration LEAST = Duration.ofMillis(100);

  @Option(
      names = "--watch",
      description = {
        "Look again and again until Ctrl-C. A terminal shows it in one place, anything else",
        "gets a line for each look."
      })
  private boolean watch;

  @Option(
      names = "--every",
      defaultValue = "2s",
      converter = DurationConverter.class,
      description = "How often --watch looks (${DEFAULT-VALUE}).")
  private Duration every = Duration.ZERO;

  @Override
  Report execute(RelaySettings settings) throws InterruptedException {
    if (watch && every.compareTo(LEAST) < 0) {
      throw misused("--every is less than %d ms".formatted(LEAST.toMillis()));
    }
    try (StatusLook look = new StatusLook(settings)) {
      if (watch) {
        new StatusWatch(look, view(out()), out(), every).run();
        return Report.GIVEN;
      }
      List<RelayStatus> shards = look.now();
      return new Report(
          String.join(System.lineSeparator(), StatusView.lines(shards)), forPrograms(shards));
    }
  }

  private static Map<String, ? extends @Nullable Object> forPrograms(List<RelayStatus> shards) {
    return shards.size() == 1
        ? shards.get(0).figures()
        : Map.of("shards", shards.stream().map(RelayStatus::figures).toList());
  }

  private StatusView view(PrintWriter out) {
    if (json()) {
      return new StatusView.Json(out);
    }
    return Terminal.isWatching(Terminal.OUT)
        ? new StatusView.Screen(out, every)
        : new StatusView.Lines(out);
  }
}
