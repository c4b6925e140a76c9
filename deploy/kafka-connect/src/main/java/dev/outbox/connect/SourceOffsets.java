package dev.outbox.connect;

import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.event.SourcePosition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Positions as Connect keeps them. Only one that was written in the transaction of its events tells
 * what is on the topics; another one shows how far the connector is, and the slot rules.
 */
final class SourceOffsets {

  static final String RELAY = "relay";
  static final String SHARD = "shard";
  static final String POSITION = "position";
  static final String DELIVERY = "delivery";
  static final String EXACTLY_ONCE = "exactly-once";
  static final String AT_LEAST_ONCE = "at-least-once";

  private SourceOffsets() {}

  /** Members in an order that is the same in every worker: Connect compares them as text. */
  static Map<String, String> partition(String relay, Shard shard) {
    Map<String, String> partition = new LinkedHashMap<>();
    partition.put(RELAY, relay);
    partition.put(SHARD, shard.label());
    return Collections.unmodifiableMap(partition);
  }

  static Map<String, String> offset(String position, Delivery delivery) {
    return Map.of(
        POSITION,
        position,
        DELIVERY,
        delivery == Delivery.EXACTLY_ONCE ? EXACTLY_ONCE : AT_LEAST_ONCE);
  }

  /**
   * Up to where everything is on the topics.
   *
   * @throws IllegalArgumentException when the offset is none of this connector's
   */
  static Optional<SourcePosition> published(@Nullable Map<String, ?> offset) {
    if (offset == null || !EXACTLY_ONCE.equals(offset.get(DELIVERY))) {
      return Optional.empty();
    }
    return Optional.of(SourcePosition.parse(String.valueOf(offset.get(POSITION))));
  }
}
