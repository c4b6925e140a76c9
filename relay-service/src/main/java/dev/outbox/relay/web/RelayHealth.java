package dev.outbox.relay.web;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.web.console.Condition;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * Health by what the relay does, not by whether it is alive: up while it leads and Kafka
 * acknowledges, or stands by; anything else is down, with the problem and its remedy. Where the
 * outbox is divided every shard has to be up.
 */
final class RelayHealth implements HealthIndicator {

  private final ShardedRelay relay;

  RelayHealth(ShardedRelay relay) {
    this.relay = relay;
  }

  @Override
  public Health health() {
    List<ShardedRelay.Part> parts = relay.parts();
    if (parts.size() == 1) {
      return health(parts.get(0));
    }
    Map<String, Health> shards = new LinkedHashMap<>();
    parts.forEach(part -> shards.put(part.settings().shard().label(), health(part)));
    return Health.status(worst(shards.values())).withDetails(shards).build();
  }

  private static Status worst(Collection<Health> all) {
    List<Status> found = all.stream().map(Health::getStatus).toList();
    return Stream.of(Status.DOWN, Status.OUT_OF_SERVICE)
        .filter(found::contains)
        .findFirst()
        .orElse(Status.UP);
  }

  private static Health health(ShardedRelay.Part part) {
    Condition condition = Condition.of(part.relay());
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
