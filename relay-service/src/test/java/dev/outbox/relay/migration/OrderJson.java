package dev.outbox.relay.migration;

import java.util.UUID;

/** Payloads. */
final class OrderJson {

  private OrderJson() {}

  static String placed(UUID order, int cents) {
    return "{\"id\": \"%s\", \"cents\": %d}".formatted(order, cents);
  }
}
