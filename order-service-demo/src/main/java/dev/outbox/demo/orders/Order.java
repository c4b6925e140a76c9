package dev.outbox.demo.orders;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.outbox.demo.money.Money;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An order as it is answered. Without its gift message, which may be longer than all the rest.
 *
 * @param campaign the advertisement that led to it
 * @param timeline what has happened to it, the first first
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Order(
    UUID id,
    String userId,
    OrderStatus status,
    Instant placedAt,
    @Nullable String campaign,
    Money total,
    List<Line> lines,
    List<Entry> timeline) {

  Order {
    lines = List.copyOf(lines);
    timeline = List.copyOf(timeline);
  }

  /**
   * One product of an order.
   *
   * @param lineItemId tells the lines of an order apart, also for consumers
   * @param unitPrice at the time of the order
   */
  record Line(UUID lineItemId, String productId, int quantity, Money unitPrice) {}

  /**
   * Something that happened.
   *
   * @param what the name of the event, or of what was noted without one
   * @param detail for people; may be empty
   */
  record Entry(Instant at, String what, String detail) {}
}
