package dev.outbox.demo.orders;

import dev.outbox.demo.orders.OrderStages.Step;
import dev.outbox.idempotency.http.spring.Idempotent;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import java.util.UUID;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Orders over HTTP. */
@RestController
@RequestMapping(path = "/orders", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "Orders")
class OrdersController {

  private final OrderPlacement placement;
  private final OrderStages stages;
  private final Orders orders;

  OrdersController(OrderPlacement placement, OrderStages stages, Orders orders) {
    this.placement = placement;
    this.stages = stages;
    this.orders = orders;
  }

  @PostMapping
  @Idempotent(name = "place-order")
  @Operation(summary = "Place an order")
  @ApiResponse(responseCode = "201", description = "Placed; a repeat gets the same answer")
  ResponseEntity<Order> place(@Valid @RequestBody PlaceOrder wish) {
    Order order = placement.place(wish);
    return ResponseEntity.created(
            ServletUriComponentsBuilder.fromCurrentRequest().path("/{id}").build(order.id()))
        .body(order);
  }

  @GetMapping("/{id}")
  @Operation(summary = "An order with its timeline")
  Order order(@PathVariable UUID id) {
    return orders.find(id).orElseThrow(() -> OrderStages.unknown(id));
  }

  @PostMapping("/{id}/dispatch")
  @Operation(summary = "Send the goods", description = "Of a paid order. A repeat changes nothing.")
  @ApiResponse(responseCode = "200", description = "Dispatched, now or before")
  @ApiResponse(responseCode = "409", description = "Not paid, or cancelled")
  Order dispatch(@PathVariable UUID id) {
    return stages.take(Step.DISPATCH, id);
  }

  @PostMapping("/{id}/receipt")
  @Operation(
      summary = "The goods have arrived",
      description = "Of a dispatched order. A repeat changes nothing.")
  @ApiResponse(responseCode = "200", description = "Received, now or before")
  @ApiResponse(responseCode = "409", description = "Not dispatched")
  Order receive(@PathVariable UUID id) {
    return stages.take(Step.RECEIPT, id);
  }

  @PostMapping("/{id}/cancel")
  @Operation(
      summary = "Cancel an order",
      description = "Idempotent by nature: a cancelled order stays so, and answers the same.")
  @ApiResponse(responseCode = "200", description = "Cancelled, now or before")
  @ApiResponse(responseCode = "409", description = "On its way already")
  Order cancel(@PathVariable UUID id) {
    return stages.take(Step.CANCEL, id);
  }
}
