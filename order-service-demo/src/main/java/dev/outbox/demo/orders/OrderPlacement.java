package dev.outbox.demo.orders;

import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The whole use of the outbox: order and event in one transaction. */
@Service
class OrderPlacement {

  private final Orders orders;
  private final OutboxWriter outbox;
  private final JsonMapper json;

  OrderPlacement(Orders orders, OutboxWriter outbox, JsonMapper json) {
    this.orders = orders;
    this.outbox = outbox;
    this.json = json;
  }

  @Transactional
  Order place(PlaceOrder wish) {
    Order order =
        new Order(
            UUID.randomUUID(),
            wish.userId(),
            // PostgreSQL keeps microseconds, and what is answered now should be what is read later.
            Instant.now().truncatedTo(ChronoUnit.MICROS),
            List.of(new Order.Line(UUID.randomUUID(), wish.productId(), wish.quantity())));
    orders.add(order);
    outbox.append(
        OutboxEvent.of(
            OrderPlaced.AGGREGATE_TYPE,
            order.id().toString(),
            OrderPlaced.TYPE,
            json.writeValueAsBytes(OrderPlaced.of(order))));
    return order;
  }
}
