package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotAssessment.Level;
import dev.outbox.relay.slot.SlotStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a relay reads the slot, how far it is and how bad that is.
 *
 * @param relay the relay's name
 * @param slot the replication slot's name
 * @param streaming whether anybody reads from the slot
 * @param confirmedLsn the confirmed position as PostgreSQL writes it, or "none"
 * @param lagBytes log between that position and the log's end
 * @param lag how long the oldest part of the log that is not confirmed has waited, as far as seen:
 *     zero at the first look
 * @param retainedBytes log that the slot keeps on disk
 * @param freeRetentionBytes how much more may be written before the slot is given up; null when it
 *     never is
 * @param walStatus the server's own word for it
 * @param invalidationReason why the slot is unusable, if it is
 * @param level how bad it is
 * @param problem what is wrong; empty when all is well
 * @param remedy what to do about it; empty when all is well
 */
public record RelayStatus(
    String relay,
    String slot,
    boolean streaming,
    String confirmedLsn,
    @Nullable Long lagBytes,
    Duration lag,
    @Nullable Long retainedBytes,
    @Nullable Long freeRetentionBytes,
    @Nullable String walStatus,
    @Nullable String invalidationReason,
    Level level,
    String problem,
    String remedy) {

  /** The status of a slot that has been looked at and measured. */
  public static RelayStatus of(RelaySettings settings, SlotStatus slot, SlotAssessment assessment) {
    return new RelayStatus(
        settings.name(),
        settings.slot(),
        slot.activePid() != null,
        slot.confirmedText(),
        slot.lagBytes(),
        assessment.lag(),
        slot.retainedBytes(),
        slot.freeRetentionBytes(),
        slot.walStatus(),
        slot.invalidationReason(),
        assessment.level(),
        assessment.problem(),
        assessment.level() == Level.OK ? "" : SlotAssessment.REMEDY);
  }

  /** By name, in the order in which they are shown; null where there is nothing to say. */
  public Map<String, @Nullable Object> figures() {
    Map<String, @Nullable Object> figures = new LinkedHashMap<>();
    figures.put("relay", relay);
    figures.put("slot", slot);
    figures.put("streaming", streaming);
    figures.put("confirmedLsn", confirmedLsn);
    figures.put("lagBytes", lagBytes);
    figures.put("lagSeconds", lag.toSeconds());
    figures.put("retainedBytes", retainedBytes);
    figures.put("freeRetentionBytes", freeRetentionBytes);
    figures.put("walStatus", walStatus);
    figures.put("invalidationReason", invalidationReason);
    figures.put("level", level.name().toLowerCase(Locale.ROOT));
    figures.put("problem", problem.isEmpty() ? null : problem);
    figures.put("remedy", remedy.isEmpty() ? null : remedy);
    return figures;
  }
}
