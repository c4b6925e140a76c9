package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Producers of the relay's own. */
public final class KafkaOutlet implements Outlet {

  @Override
  public Publisher open(RelaySettings settings, BooleanSupplier givingUp) {
    return KafkaPublisher.open(settings, givingUp);
  }

  @Override
  public Optional<PositionTopic> positionTopic(RelaySettings settings) {
    return settings.delivery() == Delivery.EXACTLY_ONCE
        ? Optional.of(new PositionTopic(settings))
        : Optional.empty();
  }
}
