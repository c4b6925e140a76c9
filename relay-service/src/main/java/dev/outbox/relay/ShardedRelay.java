package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.publishing.Outlet;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that an instance does: a {@link Relay} for each shard, which leads, or waits for its turn;
 * one and the same when the outbox is not divided. Any thread may call any method.
 */
public final class ShardedRelay {

  private final List<Part> parts;
  private final @Nullable ShardSharing sharing;

  /**
   * What looks after one shard.
   *
   * @param settings those of the shard
   * @param metrics what it measures, tagged with the shard's number where there are several
   */
  public record Part(RelaySettings settings, RelayMetrics metrics, Relay relay) {}

  /** Not started yet; registers all metrics. */
  public ShardedRelay(RelaySettings settings, MeterRegistry registry) {
    List<RelaySettings> shards = settings.eachShard();
    ShardSharing shared = shards.size() > 1 ? new ShardSharing(settings) : null;
    Outlet outlet = new KafkaOutlet();
    Installation installation = new Installation(settings, outlet);
    List<Part> made = new ArrayList<>();
    for (RelaySettings shard : shards) {
      int index = shard.shard().index();
      RelayMetrics metrics =
          new RelayMetrics(
              registry, shared == null ? Tags.empty() : Tags.of("shard", String.valueOf(index)));
      Relay relay =
          new Relay(
              shard,
              metrics,
              outlet,
              installation,
              shared == null ? () -> true : () -> shared.isTurnOf(index));
      made.add(new Part(shard, metrics, relay));
    }
    this.parts = List.copyOf(made);
    this.sharing = shared;
  }

  /** In the order of the shards. */
  public List<Part> parts() {
    return parts;
  }

  private List<Relay> relays() {
    return parts.stream().map(Part::relay).toList();
  }

  /** Begins to work; returns at once. Once. */
  public void start() {
    if (sharing != null) {
      sharing.start(relays());
    }
    relays().forEach(Relay::start);
  }

  /** Ends all of it, at the same time; see {@link Relay#stop}. */
  public void stop() throws InterruptedException {
    if (sharing == null) {
      parts.get(0).relay().stop();
      return;
    }
    sharing.stop();
    List<Thread> stopping = relays().stream().map(ShardedRelay::stopping).toList();
    stopping.forEach(Thread::start);
    for (Thread thread : stopping) {
      thread.join();
    }
    sharing.leaveAll();
  }

  private static Thread stopping(Relay relay) {
    return new Thread(
        () -> {
          try {
            relay.stop();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        },
        "outbox-relay-stop");
  }
}
