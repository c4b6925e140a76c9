package dev.outbox.relay.source.debezium;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import org.jspecify.annotations.Nullable;

/** What an engine's end means to an operator. */
final class EngineFailures {

  /** What the server says of a slot that somebody streams from. */
  private static final String OBJECT_IN_USE = "55006";

  private EngineFailures() {}

  static RelayException explain(Throwable failure, RelaySettings settings) {
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
        "Debezium ended: " + deepest,
        "The relay builds a new engine by itself; if this repeats, see the log around it.",
        failure);
  }
}
