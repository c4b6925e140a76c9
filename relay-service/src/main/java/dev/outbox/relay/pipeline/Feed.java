package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.leadership.LeadershipCheck;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.Publisher;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.Routing;
import dev.outbox.relay.routing.Routing.Routed;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Hands events to the publisher while this instance leads, and remembers up to where, which the end
 * of a Kafka transaction tells.
 *
 * <p>For the engine thread. Between {@link #beginCommit} and {@link #finishCommit} the publisher
 * belongs to another thread, and nothing else may be called.
 */
final class Feed implements AutoCloseable {

  /** Commits cost less the fewer they are; nobody notices this long within a backlog. */
  private static final Duration TRANSACTION_WITHIN = Duration.ofMillis(30);

  private final Publisher publisher;
  private final LeadershipCheck leadership;
  private final EventRouter router;
  private final boolean transactional;
  private final Aside commit = new Aside("outbox-relay-commit");
  private @Nullable SourcePosition last;
  private boolean uncommitted;
  private long uncommittedSince;

  Feed(
      RelaySettings settings, Publisher publisher, LeadershipCheck leadership, EventRouter router) {
    this.publisher = publisher;
    this.leadership = leadership;
    this.router = router;
    this.transactional = settings.delivery() == Delivery.EXACTLY_ONCE;
  }

  Routing route(Dispatch dispatch) {
    return dispatch.route(router);
  }

  /** Hands over; what is refused at once is told the dispatch too. */
  Handover handOver(RoutedRecord record, Dispatch dispatch) {
    leadership.require(); // an instance that slept may have been replaced meanwhile
    Handover handover = publisher.publish(record, dispatch);
    if (handover instanceof Handover.Taken) {
      taken(dispatch.position());
    } else if (handover instanceof Handover.Refused refused) {
      dispatch.failed(refused.failure());
    }
    return handover;
  }

  private void taken(SourcePosition position) {
    if (last == null || position.compareTo(last) > 0) {
      last = position;
    }
    if (transactional && !uncommitted) {
      uncommitted = true;
      uncommittedSince = System.nanoTime();
    }
  }

  /** Position of the last event handed over; null when none counts. */
  @Nullable SourcePosition last() {
    return last;
  }

  boolean isBroken() {
    return publisher.isBroken();
  }

  /**
   * What was handed over counts for nothing now, so no position in Kafka may tell of it until it
   * has been handed over again.
   */
  void restore() {
    publisher.restore();
    last = null;
    uncommitted = false;
  }

  boolean isUncommitted() {
    return uncommitted;
  }

  /** Whether what is uncommitted has waited long enough. */
  boolean isCommitDue() {
    return uncommitted && System.nanoTime() - uncommittedSince >= TRANSACTION_WITHIN.toNanos();
  }

  /**
   * Begins the commit on a thread of its own. Only when something is uncommitted.
   *
   * @param underWay as {@link Publisher#commit} means it
   */
  void beginCommit(boolean underWay) {
    SourcePosition through = Objects.requireNonNull(last);
    commit.begin(() -> publisher.commit(through, underWay));
  }

  boolean isCommitBegun() {
    return commit.isBegun();
  }

  /** Waits for the commit that was begun; how it went, {@link #commit} says. */
  void finishCommit() throws InterruptedException {
    if (commit.isBegun()) {
      commit.finish();
    }
  }

  /**
   * Commits what was handed over.
   *
   * @param underWay as {@link Publisher#commit} means it
   * @return false when something of it failed; then {@link #restore}, and hand over again
   */
  boolean commit(SourcePosition through, boolean underWay) {
    boolean done = publisher.commit(through, underWay);
    if (done) {
      uncommitted = false;
    }
    return done;
  }

  /** As {@link Publisher#keepsAllBack}. */
  boolean keepsAllBack() {
    return publisher.keepsAllBack();
  }

  /** Nothing of this event's topic has been acknowledged for long. */
  void lookAtTopic(Dispatch waiting) {
    if (route(waiting) instanceof Routed routed) {
      publisher.stalled(routed.record().topic());
    }
  }

  /** After the publisher's end, which ends what is under way. */
  @Override
  public void close() {
    commit.close();
  }
}
