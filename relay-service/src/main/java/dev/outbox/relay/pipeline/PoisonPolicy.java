package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Poison;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.parking.Key;
import dev.outbox.relay.parking.ParkedEvent;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.source.SourceItem.Undecodable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of an event that can never be published, and of those of its key behind it: parked,
 * or a hindrance that stops the relay before it ({@code outbox.relay.poison}).
 *
 * <p>For the engine thread.
 */
final class PoisonPolicy {

  private static final Logger LOG = LoggerFactory.getLogger(PoisonPolicy.class);

  private final boolean parks;
  private final int limit;
  private final ParkingLot parking;
  private final EventRouter router;
  private final RelayMetrics metrics;

  PoisonPolicy(
      RelaySettings settings, ParkingLot parking, EventRouter router, RelayMetrics metrics) {
    this.parks = settings.poison() == Poison.PARK;
    this.limit = settings.parking().limit();
    this.parking = parking;
    this.router = router;
    this.metrics = metrics;
  }

  /** Whether it has to wait behind a parked event of its key. */
  boolean holds(Dispatch dispatch) {
    return parking.holds(parking.key(dispatch.event()), dispatch.position());
  }

  /** Why something refused cannot be parked; null when it can. */
  @Nullable RelayException hindrance(String subject, Rejected why) {
    return parks ? hindranceBehind() : unpublishable(subject, why);
  }

  /** Why something that waits behind a parked event cannot be parked; null when it can. */
  @Nullable RelayException hindranceBehind() {
    return parking.isFull() ? limitReached() : null;
  }

  /** Parks an event that was refused; it counts as dealt with when it is durable. */
  void setAside(Dispatch dispatch, Rejected why) {
    report(dispatch.event().describe(), why);
    park(dispatch, why.stage(), why.reason(), 1);
  }

  /** Parks an event that stands behind a parked one of its key. */
  void setBehind(Dispatch dispatch) {
    park(dispatch, Stage.PARKING, "waits behind an event of its key", 0);
  }

  /** Parks what is no event at all, durably: it is not in flight, so nothing waits for it. */
  void setAside(Undecodable undecodable, Rejected why) {
    report(undecodable.subject(), why);
    @Nullable String type = undecodable.aggregateType();
    @Nullable String id = undecodable.aggregateId();
    parking.park(
        type == null || id == null ? null : new Key(router.topic(type), id),
        new ParkedEvent(
            undecodable.position(),
            undecodable.id(),
            type,
            id,
            undecodable.type(),
            undecodable.payload(),
            undecodable.headers(),
            null,
            why.stage(),
            why.reason(),
            1),
        metrics::parked);
    write();
  }

  private void park(Dispatch dispatch, Stage stage, String reason, int attempts) {
    OutboxEvent event = dispatch.event();
    parking.park(
        parking.key(event),
        new ParkedEvent(
            event.position(),
            event.id(),
            event.aggregateType(),
            event.aggregateId(),
            event.type(),
            event.payload(),
            event.headers(),
            event.committedAt(),
            stage,
            reason,
            attempts),
        () -> {
          dispatch.settled();
          metrics.parked();
        });
  }

  /** What is parked is durable when this returns. */
  void write() {
    parking.write();
    metrics.parkedNow(parking.count());
  }

  private static void report(String subject, Rejected why) {
    LOG.atWarn()
        .addKeyValue("stage", why.stage())
        .addKeyValue("reason", why.reason())
        .addKeyValue("remedy", why.remedy() + "; then 'parked retry', or 'parked discard'")
        .log("Parked {}; later events of its key wait behind it", subject);
  }

  private static RelayException unpublishable(String subject, Rejected why) {
    return new RelayException(
        why.stage(),
        "Cannot publish %s: %s.".formatted(subject, why.reason()),
        why.remedy() + "; the relay waits before this event, nothing is skipped.");
  }

  private RelayException limitReached() {
    return new RelayException(
        Stage.PARKING,
        "%d events are parked, which is outbox.relay.parking.limit.".formatted(limit),
        "See 'parked list' for the reasons. Remove the cause, raise the limit and restart the"
            + " relay, then 'parked retry'; nothing is skipped meanwhile.");
  }
}
