package dev.outbox.relay.slot;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The slot's state, measured by the levels that the settings name.
 *
 * @param level the worst of all findings
 * @param problem all that is at that level, for people; empty when all is well
 * @param status the slot as the server shows it; null when there is none or it was not asked yet
 * @param lag how long the oldest part of the log that is not confirmed has waited, as far as seen
 */
public record SlotAssessment(
    Level level, String problem, @Nullable SlotStatus status, Duration lag) {

  static final SlotAssessment UNKNOWN = new SlotAssessment(Level.OK, "", null, Duration.ZERO);

  /** What to do at any level but {@link Level#OK}: it is always the same. */
  public static final String REMEDY =
      "See why the relay does not get further (Kafka, a parked or rejected event, the relay's own"
          + " log), and give PostgreSQL room meanwhile: disk, and max_slot_wal_keep_size if it is"
          + " limited.";

  /** How bad it is, in growing order. */
  public enum Level {
    /** As it should be. */
    OK,
    /** To be looked at by daylight. */
    WARNING,
    /** The database's disk, or the slot itself, is in danger. */
    CRITICAL
  }

  /** The problem, if it has reached this level. */
  public Optional<String> problemAt(Level asked) {
    return level == asked ? Optional.of(problem) : Optional.empty();
  }
}
