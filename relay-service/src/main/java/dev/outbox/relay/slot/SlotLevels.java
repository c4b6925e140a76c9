package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.SlotLevels.Bounds;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.slot.SlotAssessment.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Measures how far the slot lags behind and how much room it has left, whatever the relay is doing:
 * a slot that nobody reads holds the log of the whole server.
 *
 * <p>{@link #look} belongs to one thread, {@link #latest} to any.
 */
public final class SlotLevels {

  private static final Logger LOG = LoggerFactory.getLogger(SlotLevels.class);

  /** The server's word for a slot that it will not keep the log for much longer. */
  private static final String UNRESERVED = "unreserved";

  private final RelaySettings.SlotLevels levels;
  private final String slot;
  private final LagClock lagClock;
  private volatile SlotAssessment latest = SlotAssessment.UNKNOWN;
  private Level reported = Level.OK;

  /** Nothing is looked at yet. */
  public SlotLevels(RelaySettings settings, Clock clock) {
    this.levels = settings.slotLevels();
    this.slot = settings.slot();
    this.lagClock = new LagClock(clock);
  }

  /**
   * Looks at the slot.
   *
   * @param answerable whether this instance is the one to report a change of level in the log
   * @throws dev.outbox.relay.failure.RelayException when the database cannot be asked
   */
  public SlotAssessment look(DatabaseSession database, boolean answerable) {
    SlotAssessment assessment =
        database
            .call(sql -> SlotStatus.read(sql, slot))
            .map(this::assess)
            .orElse(SlotAssessment.UNKNOWN);
    latest = assessment;
    if (answerable) {
      report(assessment);
    }
    return assessment;
  }

  /** What was found last. */
  public SlotAssessment latest() {
    return latest;
  }

  private SlotAssessment assess(SlotStatus status) {
    Long confirmed = status.confirmedLsn();
    Long lagBytes = status.lagBytes();
    return assess(
        status,
        confirmed == null || lagBytes == null
            ? Duration.ZERO
            : lagClock.looked(confirmed + lagBytes, confirmed));
  }

  private SlotAssessment assess(SlotStatus status, Duration lag) {
    List<String> critical = problems(status, lag, levels.critical());
    if (UNRESERVED.equals(status.walStatus())) {
      critical.add(
          "the server drops the log of slot '%s' with its next checkpoint".formatted(slot));
    }
    if (!critical.isEmpty()) {
      return assessment(Level.CRITICAL, critical, status, lag);
    }
    List<String> warning = problems(status, lag, levels.warning());
    return assessment(warning.isEmpty() ? Level.OK : Level.WARNING, warning, status, lag);
  }

  private static SlotAssessment assessment(
      Level level, List<String> problems, SlotStatus status, Duration lag) {
    return new SlotAssessment(level, String.join("; ", problems), status, lag);
  }

  private List<String> problems(SlotStatus status, Duration lag, Bounds bounds) {
    List<String> problems = new ArrayList<>();
    exceeding(status.lagBytes(), bounds.lag())
        .ifPresent(
            bytes -> problems.add("slot '%s' lags %s behind".formatted(slot, readable(bytes))));
    if (lag.compareTo(bounds.lagTime()) > 0) {
      problems.add(
          "slot '%s' has been behind for %d s, with something to confirm"
              .formatted(slot, lag.toSeconds()));
    }
    Long free = status.freeRetentionBytes();
    if (free != null && free < bounds.freeRetention().toBytes()) {
      problems.add(
          "slot '%s' is lost after %s more of write-ahead log".formatted(slot, readable(free)));
    }
    return problems;
  }

  private static Optional<Long> exceeding(@Nullable Long bytes, DataSize bound) {
    return Optional.ofNullable(bytes).filter(some -> some > bound.toBytes());
  }

  private static String readable(long bytes) {
    DataSize size = DataSize.ofBytes(bytes);
    return size.toMegabytes() > 0 ? size.toMegabytes() + " MB" : size.toKilobytes() + " kB";
  }

  private void report(SlotAssessment assessment) {
    if (assessment.level() == reported) {
      return;
    }
    reported = assessment.level();
    switch (assessment.level()) {
      case OK -> LOG.atInfo().addKeyValue("slot", slot).log("The slot is within its levels again");
      case WARNING ->
          LOG.atWarn()
              .addKeyValue("remedy", SlotAssessment.REMEDY)
              .log("Slot at warning level: {}", assessment.problem());
      case CRITICAL ->
          LOG.atError()
              .addKeyValue("remedy", SlotAssessment.REMEDY)
              .log("Slot at critical level: {}", assessment.problem());
    }
  }
}
