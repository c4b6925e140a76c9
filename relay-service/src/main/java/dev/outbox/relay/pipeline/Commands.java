package dev.outbox.relay.pipeline;

import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlLog.MalformedControlException;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.control.ControlMessage.Discard;
import dev.outbox.relay.control.ControlMessage.Divide;
import dev.outbox.relay.control.ControlMessage.Release;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.parking.Key;
import dev.outbox.relay.parking.ParkedEvent;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.parking.ParkingLot.Leaving;
import dev.outbox.relay.pipeline.Republishing.Outcome;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.slot.ShardTurnover;
import dev.outbox.relay.source.SourceItem.Control;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what operators have written into the log. Each command can be repeated: what it has
 * done already it does not do again, and what it publishes keeps its place.
 */
final class Commands {

  private static final Logger LOG = LoggerFactory.getLogger(Commands.class);

  private static final int AT_ONCE = 200;
  private static final long AT_ONCE_BYTES = 8L << 20;

  private final ControlLog log;
  private final ParkingLot parking;
  private final EventRouter router;
  private final Outgoing outgoing;
  private final Republishing republishing;
  private final Replaying replaying;
  private final ShardTurnover turnover;
  private @Nullable SourcePosition publishedThrough;

  Commands(
      ControlLog log,
      ParkingLot parking,
      EventRouter router,
      Outgoing outgoing,
      Republishing republishing,
      Replaying replaying,
      ShardTurnover turnover) {
    this.log = log;
    this.parking = parking;
    this.router = router;
    this.outgoing = outgoing;
    this.republishing = republishing;
    this.replaying = replaying;
    this.turnover = turnover;
  }

  /** Everything up to here is on the topics already. */
  void publishedThrough(SourcePosition position) {
    publishedThrough = position;
  }

  /** Whether the command is dealt with; if not, the run ends before it. */
  boolean carryOut(Control control) throws InterruptedException {
    Optional<ControlMessage> command;
    try {
      command = log.read(control.content());
    } catch (MalformedControlException e) {
      LOG.atError()
          .addKeyValue("position", control.position().asText())
          .addKeyValue("reason", e.getMessage())
          .log("Ignored a control message that is none");
      return true;
    }
    if (command.isEmpty()) {
      return true;
    }
    if (command.get() instanceof Divide divide) {
      return divide(divide, control.position());
    }
    if (turnover.passesBy(control.position())) {
      return true;
    }
    if (command.get() instanceof Release release) {
      return release(release, control.position());
    }
    if (command.get() instanceof Replay replay) {
      return replaying.carryOut(replay, control.position(), publishedThrough);
    }
    discard((Discard) command.get(), control.position());
    return true;
  }

  /** An end ends the run as well, before the marker: nothing behind it is this shard's. */
  private boolean divide(Divide divide, SourcePosition position) throws InterruptedException {
    switch (turnover.meaning(divide.marker())) {
      case BEGINNING -> {
        turnover.begin(position);
        LOG.atInfo()
            .addKeyValue("position", position.asText())
            .log("This shard begins behind the marker");
        return true;
      }
      case END -> {
        if (outgoing.drain()) {
          turnover.end();
          LOG.atInfo()
              .addKeyValue("position", position.asText())
              .log("Everything before the marker is published, this shard ends");
        }
        return false;
      }
      case NONE -> {
        return true;
      }
    }
    throw new AssertionError("not a meaning");
  }

  /**
   * All of the key that stands before the message is parked or published by now, so what is parked
   * goes out in order, and then the key flows.
   */
  private boolean release(Release release, SourcePosition position) throws InterruptedException {
    if (!outgoing.drain()) {
      return false;
    }
    Key key = new Key(router.topic(release.aggregateType()), release.aggregateId());
    List<Leaving> leaving = parking.leaving(key, position);
    int released = 0;
    @Nullable Rejected refusal = null;
    while (released < leaving.size() && refusal == null) {
      List<Leaving> some = some(leaving.subList(released, leaving.size()));
      Outcome outcome = release(some, position);
      parking.released(some.subList(0, outcome.published()), position);
      released += outcome.published();
      refusal = outcome.refusal();
      if (refusal != null) {
        parking.refusedAgain(
            some.get(outcome.published()).parkedAt(), refusal.stage(), refusal.reason());
      } else if (outcome.published() < some.size()) {
        return false;
      }
    }
    parking.settle(key);
    LOG.atInfo()
        .addKeyValue("aggregateType", release.aggregateType())
        .addKeyValue("aggregateId", release.aggregateId())
        .addKeyValue("by", named(release.by()))
        .addKeyValue("why", named(release.reason()))
        .addKeyValue("released", released)
        .addKeyValue("stillParked", leaving.size() - released)
        .addKeyValue("reason", refusal == null ? "none" : refusal.reason())
        .log(refusal == null ? "Released a key" : "A key stays parked: refused again");
    return true;
  }

  private static List<Leaving> some(List<Leaving> leaving) {
    int events = 0;
    long bytes = 0;
    while (events < leaving.size()
        && events < AT_ONCE
        && (events == 0 || bytes + leaving.get(events).bytes() <= AT_ONCE_BYTES)) {
      bytes += leaving.get(events).bytes();
      events++;
    }
    return leaving.subList(0, events);
  }

  private Outcome release(List<Leaving> some, SourcePosition position) throws InterruptedException {
    List<ParkedEvent> events = parking.read(some);
    List<Dispatch> dispatches = new ArrayList<>();
    int publishedBefore = 0;
    for (int i = 0; i < some.size(); i++) {
      SourcePosition place = position.within(some.get(i).offset());
      if (wasPublished(place, position)) {
        publishedBefore++;
      } else {
        @Nullable OutboxEvent event = event(events.get(i), place);
        if (event == null) {
          Rejected unreadable =
              new Rejected(
                  events.get(i).stage(), Scope.RECORD, events.get(i).reason(), "discard it");
          Outcome outcome = republishing.publish(dispatches);
          return new Outcome(
              publishedBefore + outcome.published(),
              outcome.refusal() == null ? unreadable : outcome.refusal());
        }
        dispatches.add(outgoing.dispatchReleased(event));
      }
    }
    Outcome outcome = republishing.publish(dispatches);
    return new Outcome(publishedBefore + outcome.published(), outcome.refusal());
  }

  /**
   * Whether a transaction that was committed before a crash holds the event at this place. Only the
   * message that was being carried out then can have such events: when anything behind it was
   * published, all that it had published was marked, and what it left parked is still unpublished.
   */
  private boolean wasPublished(SourcePosition place, SourcePosition control) {
    SourcePosition through = publishedThrough;
    return through != null
        && through.compareTo(control) >= 0
        && through.compareTo(control.within(SourcePosition.CONTROL_SPAN - 1)) <= 0
        && place.compareTo(through) <= 0;
  }

  /** Null when something that every event needs could not be read. */
  private static @Nullable OutboxEvent event(ParkedEvent parked, SourcePosition place) {
    String id = parked.id();
    String type = parked.type();
    if (id == null || type == null) {
      return null;
    }
    Instant committed = parked.committedAt();
    return new OutboxEvent(
        id,
        Objects.requireNonNull(parked.aggregateType()),
        Objects.requireNonNull(parked.aggregateId()),
        type,
        parked.payload(),
        parked.headers(),
        committed == null ? Instant.EPOCH : committed,
        place);
  }

  private void discard(Discard discard, SourcePosition position) {
    SourcePosition parkedAt;
    try {
      parkedAt = SourcePosition.parse(discard.position());
    } catch (IllegalArgumentException e) {
      LOG.atError().addKeyValue("position", discard.position()).log("Ignored a discard");
      return;
    }
    boolean discarded = parking.discard(parkedAt, position, note(discard));
    LOG.atWarn()
        .addKeyValue("position", discard.position())
        .addKeyValue("reason", discard.reason())
        .addKeyValue("by", named(discard.by()))
        .log(discarded ? "Discarded a parked event" : "Nothing to discard: not parked any more");
  }

  /** What is recorded beside the event. */
  private static String note(Discard discard) {
    String by = discard.by();
    return by == null || by.isBlank()
        ? discard.reason()
        : "%s (by %s)".formatted(discard.reason(), by);
  }

  /** Who asked, or why, for the log. */
  static String named(@Nullable String text) {
    return text == null || text.isBlank() ? "not said" : text;
  }
}
