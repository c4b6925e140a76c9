package dev.outbox.demo.consuming;

import dev.outbox.idempotency.inbox.ReceivedEvent;

/** What a consumer makes of an event it has not seen before. */
@FunctionalInterface
public interface EventEffect {

  /**
   * Called in the transaction that also holds the event's marker; Spring's beans join it. Does
   * nothing for types it does not know, since further ones may come to a topic without asking.
   *
   * @throws Exception to have the event tried again later
   */
  void apply(ReceivedEvent event) throws Exception;
}
