package dev.outbox.demo.orders;

import dev.outbox.demo.http.Problems;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The whole use of the outbox: order and event in one transaction. */
@Service
class OrderPlacement {

  private final Catalogue catalogue;
  private final Orders orders;
  private final OrderEvents events;

  OrderPlacement(Catalogue catalogue, Orders orders, OrderEvents events) {
    this.catalogue = catalogue;
    this.orders = orders;
    this.events = events;
  }

  @Transactional
  Order place(PlaceOrder wish) {
    Product product = catalogue.find(wish.productId()).orElseThrow(this::unknownProduct);
    Order order =
        new Order(
            UUID.randomUUID(),
            wish.userId(),
            OrderStatus.PLACED,
            // PostgreSQL keeps microseconds, and what is answered now should be what is read later.
            Instant.now().truncatedTo(ChronoUnit.MICROS),
            wish.campaign(),
            product.price().times(wish.quantity()),
            List.of(
                new Order.Line(UUID.randomUUID(), product.id(), wish.quantity(), product.price())),
            List.of());
    orders.add(order, wish.giftMessage());
    events.placed(OrderPlaced.of(order, wish.giftMessage()));
    return orders.find(order.id()).orElseThrow(() -> OrderStages.unknown(order.id()));
  }

  private RuntimeException unknownProduct() {
    return Problems.field(
        "productId",
        catalogue.all().stream()
            .map(Product::id)
            .collect(Collectors.joining(", ", "must be one of ", "")));
  }
}
