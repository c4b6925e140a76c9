package dev.outbox.relay.command;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotLevels;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** Shows how far the relay is. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Shows the replication slot: whether a relay reads it, and how far it is.")
final class StatusCommand extends OneShotCommand {

  @Override
  Report execute(RelaySettings settings) {
    SlotStatus slot =
        new SlotWatch(new SourceDatabase(settings), settings)
            .status()
            .orElseThrow(
                () ->
                    new RelayException(
                        Stage.PREFLIGHT,
                        "Replication slot '%s' does not exist.".formatted(settings.slot()),
                        "Run 'init'."));
    Map<String, @Nullable Object> figures = new LinkedHashMap<>();
    figures.put("relay", settings.name());
    figures.put("slot", settings.slot());
    figures.put("streaming", slot.activePid() != null);
    figures.put("confirmedLsn", slot.confirmedText());
    figures.put("lagBytes", slot.lagBytes());
    figures.put("retainedBytes", slot.retainedBytes());
    figures.put("freeRetentionBytes", slot.freeRetentionBytes());
    figures.put("walStatus", slot.walStatus());
    figures.put("invalidationReason", slot.invalidationReason());
    SlotAssessment assessment = SlotLevels.assessOnce(settings, slot);
    figures.put("level", assessment.level().name().toLowerCase(Locale.ROOT));
    figures.put("problem", assessment.problem().isEmpty() ? null : assessment.problem());
    return new Report(
        figures.entrySet().stream()
            .filter(figure -> figure.getValue() != null)
            .map(figure -> "%-20s %s".formatted(figure.getKey(), figure.getValue()))
            .collect(Collectors.joining(System.lineSeparator())),
        figures);
  }
}
