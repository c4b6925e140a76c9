package dev.outbox.idempotency.http;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which answers are final and stored, and which are released so that the next attempt runs again.
 *
 * <p>Success and final refusals are stored: repeating the request would not change them. What
 * passes is released: server errors, timeouts, conflicts, limits, and a login that was missing or
 * has ended. A stored one would repeat a passing fault for the whole window.
 */
public final class OutcomePolicy {

  /** Released unless told otherwise. */
  public static final List<String> RELEASED =
      List.of("401", "403", "408", "409", "423", "425", "429", "5xx");

  /** {@link #RELEASED}, and no refusal keeps its rows. */
  public static final OutcomePolicy DEFAULT = of(RELEASED, List.of());

  private final Set<Integer> released;
  private final Set<Integer> committed;

  private OutcomePolicy(Set<Integer> released, Set<Integer> committed) {
    this.released = released;
    this.committed = committed;
  }

  /**
   * @param released statuses such as {@code 409}, or classes such as {@code 5xx}, that are not
   *     stored
   * @param committed statuses of 400 and above whose business rows stay in atomic mode, such as a
   *     declined payment that is recorded; all others are rolled back
   * @throws IllegalArgumentException when one is no status, or is both released and committed, or
   *     success is to be released
   */
  public static OutcomePolicy of(Collection<String> released, Collection<String> committed) {
    Set<Integer> release = statuses("released", released);
    Set<Integer> commit = statuses("committed", committed);
    for (int status : commit) {
      if (release.contains(status)) {
        throw new IllegalArgumentException(
            "status %d is both released and committed: its effect would be repeated"
                .formatted(status));
      }
    }
    return new OutcomePolicy(release, commit);
  }

  /** What becomes of an answer with this status. */
  public Disposition of(int status) {
    if (released.contains(status)) {
      return Disposition.ROLL_BACK_AND_RELEASE;
    }
    return status < 400 || committed.contains(status)
        ? Disposition.COMMIT_AND_STORE
        : Disposition.ROLL_BACK_AND_STORE;
  }

  private static Set<Integer> statuses(String what, Collection<String> patterns) {
    Set<Integer> statuses = new TreeSet<>();
    for (String pattern : patterns) {
      if (!pattern.matches("[45](?:\\d\\d|xx)")) {
        throw new IllegalArgumentException(
            "'%s' among the %s outcomes is neither a status from 400 to 599 nor 4xx or 5xx"
                .formatted(pattern, what));
      }
      int first = Integer.parseInt(pattern.replace("xx", "00"));
      for (int i = first; i < first + (pattern.endsWith("xx") ? 100 : 1); i++) {
        statuses.add(i);
      }
    }
    return statuses;
  }

  /** What becomes of an answer. In reserved mode only whether it is stored counts. */
  public enum Disposition {
    /** The rows stay, and every repeat gets this answer. */
    COMMIT_AND_STORE,
    /** The rows go, and every repeat gets this answer. */
    ROLL_BACK_AND_STORE,
    /** The rows go, and the next attempt runs again. */
    ROLL_BACK_AND_RELEASE
  }
}
