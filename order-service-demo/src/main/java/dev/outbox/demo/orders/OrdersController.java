package dev.outbox.demo.orders;

import dev.outbox.idempotency.http.spring.Idempotent;
import jakarta.validation.Valid;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Orders over HTTP. */
@RestController
@RequestMapping("/orders")
class OrdersController {

  private final OrderPlacement placement;
  private final Orders orders;

  OrdersController(OrderPlacement placement, Orders orders) {
    this.placement = placement;
    this.orders = orders;
  }

  @PostMapping
  @Idempotent(name = "place-order")
  ResponseEntity<Order> place(@Valid @RequestBody PlaceOrder wish) {
    Order order = placement.place(wish);
    return ResponseEntity.created(
            ServletUriComponentsBuilder.fromCurrentRequest().path("/{id}").build(order.id()))
        .body(order);
  }

  @GetMapping("/{id}")
  Order order(@PathVariable UUID id) {
    return orders
        .find(id)
        .orElseThrow(
            () ->
                new ErrorResponseException(
                    HttpStatus.NOT_FOUND,
                    ProblemDetail.forStatusAndDetail(
                        HttpStatus.NOT_FOUND, "There is no order " + id),
                    null));
  }
}
