package dev.outbox.relay.command;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.Audit;
import dev.outbox.relay.operations.AuditRange;
import dev.outbox.relay.operations.AuditReport;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** Compares table and topics. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = {
      "Compares the rows of the outbox table with the records on the topics.",
      "Ends with 1 when an event is lost or out of order, with 0 otherwise."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay audit",
      "  relay audit --from=1h",
      "  relay audit --from=2026-05-01T00:00:00Z --to=2026-05-02T00:00:00Z --strict",
      "  relay audit --wait=5m --json"
    })
final class AuditCommand extends OneShotCommand {

  @Option(
      names = "--from",
      converter = MomentConverter.class,
      description =
          "Rows created from then on: a moment (2026-05-01T00:00:00Z) or how long ago (1h).")
  private @Nullable Instant from;

  @Option(
      names = "--to",
      converter = MomentConverter.class,
      description = "Rows created before then; all that are committed if left out.")
  private @Nullable Instant to;

  @Option(names = "--strict", description = "Duplicates end with 1 too.")
  private boolean strict;

  @Option(
      names = "--wait",
      defaultValue = "30s",
      converter = DurationConverter.class,
      description = "Longest wait for a relay that is behind (default ${DEFAULT-VALUE}).")
  private Duration patience = Duration.ZERO;

  @Override
  Report execute(RelaySettings settings) throws InterruptedException {
    AuditReport report =
        new Audit(new SourceDatabase(settings), settings, patience, progress()).run(range());
    boolean passed = report.isSound() && !(strict && report.duplicated().count() > 0);
    return new Report(report.asText(), report, passed ? ExitCode.OK : ExitCode.SOFTWARE);
  }

  private AuditRange range() {
    try {
      return new AuditRange(from, to);
    } catch (IllegalArgumentException e) {
      throw misused(e.getMessage());
    }
  }
}
