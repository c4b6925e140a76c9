package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.operations.ReplayRows;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.pipeline.Republishing.Outcome;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes rows once more. What is refused this time is passed over with a warning and never
 * parked: it has been published before, and a replay is no reason to hold a key back.
 */
final class Replaying {

  private static final Logger LOG = LoggerFactory.getLogger(Replaying.class);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final ParkingLot parking;
  private final Outgoing outgoing;
  private final Republishing republishing;

  Replaying(
      SourceDatabase database,
      RelaySettings settings,
      ParkingLot parking,
      Outgoing outgoing,
      Republishing republishing) {
    this.database = database;
    this.settings = settings;
    this.parking = parking;
    this.outgoing = outgoing;
    this.republishing = republishing;
  }

  /**
   * Whether the command is dealt with; if not, the run ends before it.
   *
   * @param publishedThrough everything up to here is on the topics already
   */
  boolean carryOut(
      Replay replay, SourcePosition position, @Nullable SourcePosition publishedThrough)
      throws InterruptedException {
    if (!outgoing.drain()) {
      return false;
    }
    ReplayRows rows = new ReplayRows(database, settings, replay, position);
    int published = 0;
    int passedOver = 0;
    for (List<OutboxEvent> page = rows.nextPage(); !page.isEmpty(); page = rows.nextPage()) {
      List<Dispatch> open = new ArrayList<>();
      for (OutboxEvent event : page) {
        if (isHeld(event, replay)) {
          passedOver++;
          report(event, "parked events hold its key");
        } else if (publishedThrough == null || event.position().compareTo(publishedThrough) > 0) {
          open.add(outgoing.dispatchAgain(event, replay.topic(), position));
        }
      }
      while (!open.isEmpty()) {
        Outcome outcome = republishing.publish(open);
        published += outcome.published();
        open = open.subList(outcome.published(), open.size());
        Rejected refusal = outcome.refusal();
        if (refusal != null) {
          passedOver++;
          report(open.get(0).event(), refusal.reason());
          open = open.subList(1, open.size());
        } else if (!open.isEmpty()) {
          return false;
        }
      }
    }
    LOG.atInfo()
        .addKeyValue("position", position.asText())
        .addKeyValue("by", Commands.named(replay.by()))
        .addKeyValue("why", Commands.named(replay.reason()))
        .addKeyValue("published", published)
        .addKeyValue("passedOver", passedOver)
        .log("Replayed rows");
    return true;
  }

  /** On another topic nothing of the key is parked, so nothing can be overtaken. */
  private boolean isHeld(OutboxEvent event, Replay replay) {
    return replay.topic() == null && parking.holds(parking.key(event), event.position());
  }

  private static void report(OutboxEvent event, String reason) {
    LOG.atWarn()
        .addKeyValue("reason", reason)
        .addKeyValue("remedy", "remove the cause, then replay it again")
        .log("Not replayed: {}", event.describe());
  }
}
