package dev.outbox.writer.docs;

import dev.outbox.writer.EventSerializer;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

@Service
class Orders {
  private final OrderRepository orders;
  private final OutboxWriter outbox;
  private final EventSerializer<Object> json;

  Orders(OrderRepository orders, OutboxWriter outbox, EventSerializer<Object> json) {
    this.orders = orders;
    this.outbox = outbox;
    this.json = json;
  }

  @Transactional
  public void place(Order order) {
    orders.save(order);
    outbox.append(OutboxEvent.of("Order", order.id(), "OrderPlaced", order, json));
  }
}
