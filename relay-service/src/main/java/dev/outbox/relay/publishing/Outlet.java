package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Where a relay's events leave it: producers of its own, or somebody else's. Thread-safe. */
public interface Outlet {

  /**
   * A publisher for one run.
   *
   * @param givingUp asked while waiting for brokers or a topic: true ends the wait, and so does
   *     what it throws
   * @throws dev.outbox.relay.failure.RelayException when Kafka is not within reach or the settings
   *     do not fit
   */
  Publisher open(RelaySettings settings, BooleanSupplier givingUp);

  /** The topic that publishers write the position to, if they do; {@code init} makes it. */
  Optional<PositionTopic> positionTopic(RelaySettings settings);
}
