package dev.outbox.relay.pipeline;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.position.InFlightEvents.Entry;
import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.routing.Routing;
import dev.outbox.relay.routing.Routing.Unroutable;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * An event on its way to Kafka, as often as it is sent. Told by Kafka's callback thread what became
 * of it.
 */
final class Dispatch implements Delivery {

  private final OutboxEvent event;
  private final BiFunction<EventRouter, OutboxEvent, Routing> way;
  private final Runnable whenPublished;
  private @Nullable Entry<Dispatch> entry;
  private volatile boolean published;
  private volatile @Nullable PublishFailure failure;

  /**
   * @param way how it becomes a record
   * @param whenPublished called once, on the callback thread
   */
  Dispatch(
      OutboxEvent event,
      BiFunction<EventRouter, OutboxEvent, Routing> way,
      Runnable whenPublished) {
    this.event = event;
    this.way = way;
    this.whenPublished = whenPublished;
  }

  OutboxEvent event() {
    return event;
  }

  SourcePosition position() {
    return event.position();
  }

  Routing route(EventRouter router) {
    return way.apply(router, event);
  }

  /** The entry to be acknowledged with the event. */
  void holds(Entry<Dispatch> held) {
    entry = held;
  }

  /** Dealt with, if not published. */
  void settled() {
    if (entry != null) {
      entry.acknowledge();
    }
  }

  /** Why an event that has no topic is refused. */
  static Rejected rejection(Unroutable unroutable) {
    return new Rejected(Stage.ROUTING, Scope.RECORD, unroutable.reason(), unroutable.remedy());
  }

  boolean isPublished() {
    return published;
  }

  @Nullable PublishFailure failure() {
    return failure;
  }

  void sendingAgain() {
    failure = null;
  }

  @Override
  public void acknowledged() {
    published = true;
    settled();
    whenPublished.run();
  }

  @Override
  public void failed(PublishFailure why) {
    failure = why;
  }
}
