package dev.outbox.relay.web;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotAssessment.Level;
import java.time.Duration;
import java.util.Optional;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Health by what the relay does, not by whether it is alive: up while it leads and Kafka
 * acknowledges, or stands by; anything else is down, with the problem and its remedy.
 */
final class RelayHealth implements HealthIndicator {

  private final Relay relay;

  RelayHealth(Relay relay) {
    this.relay = relay;
  }

  @Override
  public Health health() {
    RelayState state = relay.state();
    Duration stalled = relay.stalledFor();
    Optional<String> standstill = relay.standstill();
    boolean working = state instanceof Leading && stalled.isZero() && standstill.isEmpty();
    Health.Builder health =
        working || state instanceof Standby ? Health.up() : Health.outOfService();
    health.withDetail("state", state.label());
    // The lag is the leader's; it does not make those unfit that stand by.
    if (!(state instanceof Standby)) {
      tellLevel(health, relay.slotLevel());
    }
    if (state instanceof Failed failed) {
      health
          .down()
          .withDetail("problem", failed.failure().problem())
          .withDetail("remedy", failed.failure().remedy())
          .withDetail("attempt", failed.attempt());
    }
    if (!stalled.isZero()) {
      health
          .down()
          .withDetail("problem", "Kafka has acknowledged nothing for " + stalled.toSeconds() + " s")
          .withDetail(
              "remedy",
              "Bring the brokers back, or create the topic if the log names one that is waited for;"
                  + " events wait in order.");
    }
    standstill.ifPresent(
        problem ->
            health
                .down()
                .withDetail("problem", problem)
                .withDetail("remedy", "Look at PostgreSQL and the network to it; see 'status'."));
    return health.build();
  }

  /**
   * Critical is down: soon the disk of the source database, or the slot with its events, is gone.
   */
  private static void tellLevel(Health.Builder health, SlotAssessment slot) {
    slot.problemAt(Level.WARNING).ifPresent(problem -> health.withDetail("warning", problem));
    slot.problemAt(Level.CRITICAL)
        .ifPresent(
            problem ->
                health
                    .down()
                    .withDetail("problem", problem)
                    .withDetail("remedy", SlotAssessment.REMEDY));
  }
}
