package dev.outbox.relay.failure;

import org.jspecify.annotations.Nullable;

/**
 * Another instance of this relay leads. No trouble: the instance that finds it out stands by, and
 * says so without an alarm.
 */
public final class ReplacedException extends RelayException {
  private static final long serialVersionUID = 1L;

  private static final String REMEDY = "None needed: this instance stands by.";

  /**
   * @param problem how it was found out
   */
  public ReplacedException(String problem) {
    this(problem, null);
  }

  /**
   * @param problem how it was found out
   * @param cause what the other instance's taking over looked like here
   */
  public ReplacedException(String problem, @Nullable Throwable cause) {
    super(Stage.SOURCE, problem, REMEDY, cause);
  }
}
