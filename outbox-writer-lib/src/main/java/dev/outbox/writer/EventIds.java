package dev.outbox.writer;

import com.github.f4b6a3.uuid.UuidCreator;
import java.util.UUID;

/** The two ways this library makes event IDs. */
final class EventIds {

  /** Part of the contract, like the joining of the name below: changing it would repeat events. */
  static final UUID BUSINESS_KEY_NAMESPACE =
      UUID.fromString("cdb304fd-c139-41d6-8a9f-0a12241dec13");

  private EventIds() {}

  /**
   * UUIDv7: grows with time, also within a millisecond, so that the unique index grows at its end.
   */
  static UUID next() {
    return UuidCreator.getTimeOrderedEpoch();
  }

  /** NUL joins without ambiguity, because no part may contain it. */
  static UUID ofBusinessKey(String aggregateType, String type, String businessKey) {
    return UuidCreator.getNameBasedSha1(
        BUSINESS_KEY_NAMESPACE, aggregateType + '\0' + type + '\0' + businessKey);
  }
}
