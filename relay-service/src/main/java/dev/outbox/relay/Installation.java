package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.publishing.PositionTopic;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Everything that {@code init} makes: in the source database and, for exactly-once delivery, in
 * Kafka. Running it again changes nothing.
 */
public final class Installation {

  private final Optional<PositionTopic> positions;
  private final Initialization initialization;

  /** For a relay with producers of its own; nothing is done yet. */
  public Installation(RelaySettings settings) {
    this(settings, new KafkaOutlet());
  }

  /** For a relay whose events leave this way; nothing is done yet. */
  Installation(RelaySettings settings, Outlet outlet) {
    this.positions = outlet.positionTopic(settings);
    this.initialization = new Initialization(new SourceDatabase(settings), settings);
  }

  /** As {@link Initialization#run}, and the position topic. */
  public List<Step> run(boolean acceptGap) {
    List<Step> steps = new ArrayList<>(initialization.run(acceptGap));
    positions.ifPresent(
        topic ->
            steps.add(
                new Step("topic " + topic.topic(), topic.create() ? "created" : "already there")));
    return steps;
  }

  /** As {@link Initialization#runWithoutSlot}; makes nothing in Kafka. */
  public List<Step> runWithoutSlot() {
    return initialization.runWithoutSlot();
  }

  /** Whether the source database lacks something that {@link #run} makes. */
  boolean isDue() {
    return positions.isPresent() || initialization.isDue();
  }
}
