package dev.outbox.relay.failure;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure that stops the relay's current run, told so that an operator can act: the stage, what
 * is wrong with which thing, and the remedy. Nothing is lost by it: the replication slot still
 * stands before every event that Kafka has not acknowledged, and the next run begins there.
 *
 * <p>Thread-safe. Messages name keys, topics and identifiers, never payloads or secrets.
 */
public class RelayException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Stage stage;
  private final String problem;
  private final String remedy;

  /**
   * @param stage where it failed
   * @param problem what is wrong: the thing and its value
   * @param remedy what to do about it
   * @param cause the underlying failure, if there is one
   */
  public RelayException(Stage stage, String problem, String remedy, @Nullable Throwable cause) {
    super(problem + " Remedy: " + remedy, cause);
    this.stage = Objects.requireNonNull(stage);
    this.problem = Objects.requireNonNull(problem);
    this.remedy = Objects.requireNonNull(remedy);
  }

  /** As the other constructor, for a failure that has no underlying one. */
  public RelayException(Stage stage, String problem, String remedy) {
    this(stage, problem, remedy, null);
  }

  /** Where it failed. */
  public Stage stage() {
    return stage;
  }

  /** What is wrong. */
  public String problem() {
    return problem;
  }

  /** What to do about it. */
  public String remedy() {
    return remedy;
  }
}
