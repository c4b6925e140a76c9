package dev.outbox.relay.source;

/** How commands travel to the relay: as logical messages in the write-ahead log. */
public final class ControlMessages {

  /** Prefix of the logical messages that carry commands to a relay. */
  public static final String PREFIX = "outbox.control";

  private ControlMessages() {}
}
