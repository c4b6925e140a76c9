package dev.outbox.idempotency.inbox;

import java.util.Optional;

/** What became of a batch. Whatever is not {@link Applied} or {@link DeadLettered} left nothing. */
sealed interface BatchOutcome {

  Batch batch();

  /** Committed. */
  record Applied(Batch batch, int repeats) implements BatchOutcome {}

  /** The one event is in the dead-letter topic, and that is committed. */
  record DeadLettered(Batch batch, GivenUp why) implements BatchOutcome {}

  /** Rolled back because of this event; empty when several could have caused it. */
  record Failed(Batch batch, Optional<ReceivedEvent> event, Throwable cause)
      implements BatchOutcome {}

  /** Rolled back, and no event is to blame. */
  record Unavailable(Batch batch, Throwable cause) implements BatchOutcome {}

  /** Rolled back: this event must follow a dead letter of its key. */
  record MustFollow(Batch batch, ReceivedEvent event) implements BatchOutcome {}

  /** The one event was to follow a dead letter that is gone by now. */
  record NeedNotFollow(Batch batch) implements BatchOutcome {}

  /** Rolled back; the runner cannot go on. */
  record Broken(Batch batch, Throwable cause) implements BatchOutcome {}
}
