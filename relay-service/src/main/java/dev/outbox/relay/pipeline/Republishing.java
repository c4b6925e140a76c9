package dev.outbox.relay.pipeline;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.routing.Routing;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Events that a command publishes once more, from a table and not from the log: published at once,
 * while nothing is in flight.
 *
 * <p>For the engine thread, within a call of the source's handler.
 */
final class Republishing {

  private static final long PAUSE_MILLIS = 2;

  private final Feed feed;
  private final StopSignal stop;

  Republishing(Feed feed, StopSignal stop) {
    this.feed = feed;
    this.stop = stop;
  }

  /**
   * How far {@link #publish} came.
   *
   * @param published so many, from the first on
   * @param refusal why the next one is not published; null when all are, or stopping came first
   */
  record Outcome(int published, @Nullable Rejected refusal) {}

  /**
   * Publishes events that are not in flight, while nothing is: in order, and none behind one that
   * is refused.
   */
  Outcome publish(List<Dispatch> dispatches) throws InterruptedException {
    int end = dispatches.size();
    @Nullable Rejected refusal = null;
    while (true) {
      List<Dispatch> waiting =
          dispatches.subList(0, end).stream().filter(one -> !one.isPublished()).toList();
      if (waiting.isEmpty() || stop.isTimeOver()) {
        return new Outcome(published(dispatches), waiting.isEmpty() ? refusal : null);
      }
      int sent = 0;
      while (sent < waiting.size() && !feed.isBroken() && send(waiting.get(sent))) {
        sent++;
      }
      if (sent > 0) {
        // Not further: a position in Kafka says that everything up to it is published or parked.
        await(waiting.subList(0, sent), waiting.get(sent - 1).position());
      }
      if (feed.isBroken()) {
        feed.restore();
      }
      for (int i = 0; i < end; i++) {
        @Nullable PublishFailure failure = dispatches.get(i).failure();
        if (failure instanceof Fatal fatal) {
          throw fatal.cause();
        }
        if (failure instanceof Rejected rejected) {
          end = i;
          refusal = rejected;
        }
      }
    }
  }

  private static int published(List<Dispatch> dispatches) {
    int published = 0;
    while (published < dispatches.size() && dispatches.get(published).isPublished()) {
      published++;
    }
    return published;
  }

  private boolean send(Dispatch dispatch) {
    dispatch.sendingAgain();
    Routing routing = feed.route(dispatch);
    if (routing instanceof Unroutable unroutable) {
      dispatch.failed(Dispatch.rejection(unroutable));
      return false;
    }
    return feed.handOver(((Routed) routing).record(), dispatch) instanceof Handover.Taken;
  }

  private void await(List<Dispatch> sent, SourcePosition through) throws InterruptedException {
    long lookAt = System.nanoTime() + Outgoing.STALLED_AFTER.toNanos();
    while (!stop.isTimeOver() && feed.commit(through, false)) {
      Optional<Dispatch> waiting = sent.stream().filter(one -> !one.isPublished()).findFirst();
      if (waiting.isEmpty()) {
        return;
      }
      if (System.nanoTime() - lookAt > 0) {
        feed.lookAtTopic(waiting.get());
        lookAt = System.nanoTime() + Outgoing.STALLED_AFTER.toNanos();
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }
}
