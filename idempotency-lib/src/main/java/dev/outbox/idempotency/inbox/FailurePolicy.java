package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.inbox.FailurePolicy.Follow;
import dev.outbox.idempotency.inbox.FailurePolicy.Skip;
import dev.outbox.idempotency.inbox.FailurePolicy.Wait;
import java.util.Optional;

/**
 * What becomes of an event whose effect cannot be applied, and of the later events of its key. A
 * database that is away is never the event's fault: it is waited for under each policy.
 */
public sealed interface FailurePolicy permits Wait, Follow, Skip {

  /**
   * The event is tried again until it succeeds, and its partition waits for it. Nothing is
   * reordered and nothing leaves the topic; one event can stop its partition. The default.
   */
  record Wait() implements FailurePolicy {}

  /**
   * The event goes to the dead-letter topic after its attempts, and later events of its key follow
   * it there, in order, until the dead letters of the key are applied or discarded. All other keys
   * flow on. Records without a key hold nothing back.
   *
   * @param topic the dead-letter topic, which must exist
   */
  record Follow(String topic) implements FailurePolicy {}

  /**
   * The event goes to the dead-letter topic after its attempts, and later events of its key are
   * applied without it. For effects whose order does not matter.
   *
   * @param topic the dead-letter topic, which must exist
   */
  record Skip(String topic) implements FailurePolicy {}

  /** The partition waits. */
  static FailurePolicy waitForSuccess() {
    return new Wait();
  }

  /** Dead-letter topic; later events of the key follow. */
  static FailurePolicy follow(String deadLetterTopic) {
    return new Follow(deadLetterTopic);
  }

  /** Dead-letter topic; later events of the key go on. */
  static FailurePolicy skip(String deadLetterTopic) {
    return new Skip(deadLetterTopic);
  }

  /** Where dead letters go, if anywhere. */
  default Optional<String> deadLetterTopic() {
    if (this instanceof Follow follow) {
      return Optional.of(follow.topic());
    }
    return this instanceof Skip skip ? Optional.of(skip.topic()) : Optional.empty();
  }
}
