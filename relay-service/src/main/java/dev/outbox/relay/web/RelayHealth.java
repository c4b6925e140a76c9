package dev.outbox.relay.web;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.web.console.Condition;
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
    Condition condition = Condition.of(relay);
    Health.Builder health = condition.working() ? Health.up() : Health.outOfService();
    health.withDetail("state", condition.state().label());
    condition.warnings().forEach(warning -> health.withDetail("warning", warning.problem()));
    // The last is the most important one.
    condition
        .troubles()
        .forEach(
            trouble ->
                health
                    .down()
                    .withDetail("problem", trouble.problem())
                    .withDetail("remedy", trouble.remedy()));
    if (condition.state() instanceof Failed failed) {
      health.withDetail("attempt", failed.attempt());
    }
    return health.build();
  }
}
