package dev.outbox.relay.operations;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be published, and who is at it.
 *
 * @param events rows that are not published; null when rows are not numbered or may not be read
 * @param certainty what to think of that figure
 * @param oldest the first of those rows, if there is one
 * @param leader who reads from the slot, if somebody does
 * @param parked events that are set aside
 */
public record Backlog(
    @Nullable Long events,
    Certainty certainty,
    @Nullable Waiting oldest,
    @Nullable Leader leader,
    int parked) {

  /** What to think of a figure. */
  public enum Certainty {
    /** Counted, as exactly as writers that are at work allow. */
    COUNTED,
    /** Estimated by row numbers, since there are too many to count. */
    ESTIMATED,
    /** Counted from the last checkpoint, so some of them may be published already. */
    AT_MOST
  }

  /**
   * A row that waits.
   *
   * @param id the event ID
   * @param aggregateType the key's aggregate type
   * @param aggregateId the key's aggregate ID
   * @param type what happened
   * @param since when it was written or committed
   */
  public record Waiting(
      String id, String aggregateType, String aggregateId, String type, Instant since) {}

  /**
   * Who reads from the slot, as the server sees it.
   *
   * @param serverProcess the server process that streams
   * @param address where the reader is; empty when the server does not tell
   * @param since since when; null when the server does not tell
   */
  public record Leader(int serverProcess, String address, @Nullable Instant since) {}
}
