package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.publishing.PositionTopic;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that {@code init} makes: in the source database and, for exactly-once delivery, in
 * Kafka. Running it again changes nothing.
 */
public final class Installation {

  private final RelaySettings settings;
  private final Initialization initialization;

  /** Nothing is done yet. */
  public Installation(RelaySettings settings) {
    this.settings = settings;
    this.initialization = new Initialization(new SourceDatabase(settings), settings);
  }

  /** As {@link Initialization#run}, and the position topic. */
  public List<Step> run(boolean acceptGap) {
    List<Step> steps = new ArrayList<>(initialization.run(acceptGap));
    if (settings.delivery() == Delivery.EXACTLY_ONCE) {
      PositionTopic topic = new PositionTopic(settings);
      steps.add(new Step("topic " + topic.topic(), topic.create() ? "created" : "already there"));
    }
    return steps;
  }

  /** As {@link Initialization#runWithoutSlot}; makes nothing in Kafka. */
  public List<Step> runWithoutSlot() {
    return initialization.runWithoutSlot();
  }

  /** Whether the source database lacks something that {@link #run} makes. */
  boolean isDue() {
    return settings.delivery() == Delivery.EXACTLY_ONCE || initialization.isDue();
  }
}
