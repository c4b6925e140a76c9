package dev.outbox.demo.orders;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.outbox.demo.money.Money;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The event, as other services read it. Apart from {@link Order}, so that the order may change
 * without the contract.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record OrderPlaced(
    UUID orderId,
    String userId,
    Instant placedAt,
    @Nullable String campaign,
    Money total,
    List<Line> lines,
    @Nullable String giftMessage) {

  static final String TYPE = "OrderPlaced";

  static OrderPlaced of(Order order, @Nullable String giftMessage) {
    return new OrderPlaced(
        order.id(),
        order.userId(),
        order.placedAt(),
        order.campaign(),
        order.total(),
        order.lines().stream()
            .map(
                line ->
                    new Line(
                        line.lineItemId(), line.productId(), line.quantity(), line.unitPrice()))
            .toList(),
        giftMessage);
  }

  record Line(UUID lineItemId, String productId, int quantity, Money unitPrice) {}
}
