package dev.outbox.relay.routing;

/** What routing makes of an event. */
public sealed interface Routing {

  /** The record to publish. */
  record Routed(RoutedRecord record) implements Routing {}

  /**
   * The event can never become a record.
   *
   * @param reason what is wrong with it
   * @param remedy what may help
   */
  record Unroutable(String reason, String remedy) implements Routing {}
}
