package dev.outbox.relay.source;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import org.jspecify.annotations.Nullable;

/** What an engine's end means to an operator. */
public final class SourceFailures {

  /** What the server says of a slot that somebody streams from. */
  private static final String OBJECT_IN_USE = "55006";

  private SourceFailures() {}

  /**
   * The failure in an operator's words, with the remedy.
   *
   * @param engine the engine's name
   */
  public static RelayException explain(String engine, Throwable failure, RelaySettings settings) {
    if (DatabaseFailures.stateOf(failure).equals(OBJECT_IN_USE)) {
      return new ReplacedException("Another instance was faster at the slot.", failure);
    }
    @Nullable RelayException known =
        DatabaseFailures.explain(
            Stage.SOURCE, failure, settings.database().address(), settings.database().username());
    if (known != null) {
      return known;
    }
    Throwable deepest = failure;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return new RelayException(
        Stage.SOURCE,
        engine + " ended: " + deepest,
        "The relay begins a new stream by itself; if this repeats, see the log around it.",
        failure);
  }
}
