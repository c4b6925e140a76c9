package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Everything that {@code init} makes, for each shard: in the source database and, for exactly-once
 * delivery, in Kafka. Running it again changes nothing.
 */
public final class Installation {

  private final RelaySettings settings;
  private final Outlet outlet;
  private final SourceDatabase database;

  /** For a relay with producers of its own; nothing is done yet. */
  public Installation(RelaySettings settings) {
    this(settings, new KafkaOutlet());
  }

  /** For a relay whose events leave this way; nothing is done yet. */
  public Installation(RelaySettings settings, Outlet outlet) {
    this.settings = settings;
    this.outlet = outlet;
    this.database = new SourceDatabase(settings);
  }

  /** As {@link Initialization#run}, and the position topic. */
  public List<Step> run(boolean acceptGap) {
    return forEachShard(
        shard -> {
          List<Step> steps = new ArrayList<>(run(shard, acceptGap));
          steps.addAll(positionTopics(shard, outlet));
          return steps;
        });
  }

  /** The position topic of each shard, where there is one. */
  static List<Step> positionTopics(RelaySettings settings, Outlet outlet) {
    return settings.eachShard().stream()
        .flatMap(shard -> outlet.positionTopic(shard).stream())
        .map(
            topic ->
                new Step("topic " + topic.topic(), topic.create() ? "created" : "already there"))
        .toList();
  }

  /** As {@link Initialization#runWithoutSlot}; makes nothing in Kafka. */
  public List<Step> runWithoutSlot() {
    return forEachShard(shard -> initialization(shard).runWithoutSlot());
  }

  /** A gap is accepted where there is one: other shards have nothing to give up. */
  private List<Step> run(RelaySettings shard, boolean acceptGap) {
    Initialization initialization = initialization(shard);
    if (acceptGap && shard.shard().isPart()) {
      try {
        return initialization.run(false);
      } catch (GapException gap) {
        return initialization.run(true);
      }
    }
    return initialization.run(acceptGap);
  }

  /** Whether the source database lacks something that {@link #run} makes. */
  boolean isDue() {
    return outlet.positionTopic(settings).isPresent()
        || settings.eachShard().stream().anyMatch(shard -> initialization(shard).isDue());
  }

  private Initialization initialization(RelaySettings shard) {
    return new Initialization(database, shard);
  }

  /** What shards have in common, the first one makes, and only that is told. */
  private List<Step> forEachShard(Function<RelaySettings, List<Step>> work) {
    Map<String, Step> steps = new LinkedHashMap<>();
    for (RelaySettings shard : settings.eachShard()) {
      work.apply(shard).forEach(step -> steps.putIfAbsent(step.thing(), step));
    }
    return List.copyOf(steps.values());
  }
}
