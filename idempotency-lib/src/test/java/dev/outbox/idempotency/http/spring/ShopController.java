package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencyKey;
import dev.outbox.idempotency.http.IncomingRequest;
import dev.outbox.idempotency.http.KeyDerivation;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Reservation;
import dev.outbox.idempotency.http.Stage;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.server.ResponseStatusException;

/** Endpoints of each kind; what the item is called decides what happens. */
@RestController
class ShopController {

  private final ShopService shop;
  private final HoldPoint hold;
  private final AtomicInteger charges = new AtomicInteger();
  private final AtomicBoolean wasBusy = new AtomicBoolean();

  ShopController(ShopService shop, HoldPoint hold) {
    this.shop = shop;
    this.hold = hold;
  }

  record Order(long id, String item, String made) {}

  /** Keys for clients that send none: the cart is the intent. */
  static final class CartKeys implements KeyDerivation {

    @Override
    public Optional<IdempotencyKey> derive(IncomingRequest request) {
      String body = new String(request.body(), StandardCharsets.UTF_8);
      return body.startsWith("cart")
          ? Optional.of(IdempotencyKey.derivedFrom(body))
          : Optional.empty();
    }
  }

  @Idempotent(name = "orders")
  @PostMapping("/orders")
  ResponseEntity<Order> order(@RequestBody String item) {
    switch (item) {
      case "refuse" -> shop.placeAndRefuse(item);
      case "die" -> shop.placeAndLoseTheConnection(item);
      default -> {}
    }
    long id = shop.place(item);
    hold.at(HoldPoint.Place.ROW_WRITTEN);
    switch (item) {
      case "fail" -> throw new IllegalStateException("a fault after the rows were written");
      case "busy" -> {
        return ResponseEntity.status(503).build();
      }
      case "gone" -> throw new ResponseStatusException(HttpStatus.NOT_FOUND, "no such item");
      case "swallow" -> {
        try {
          shop.placeAndRefuse(item);
        } catch (ShopService.RefusedException e) {
          return ResponseEntity.ok().build();
        }
      }
      default -> {}
    }
    return ResponseEntity.created(URI.create("/orders/" + id))
        .header("X-Two", "a")
        .header("X-Two", "b")
        .eTag("1")
        .body(new Order(id, item, UUID.randomUUID().toString()));
  }

  @ExceptionHandler
  ResponseEntity<String> refused(ShopService.RefusedException e) {
    return ResponseEntity.unprocessableContent().body("refused " + UUID.randomUUID());
  }

  @Idempotent
  @PostMapping("/carts/{id}/checkout")
  String checkout(@PathVariable String id) {
    return "order %d of cart %s".formatted(shop.place("cart " + id), id);
  }

  @Idempotent
  @RequestMapping(
      path = "/either",
      method = {RequestMethod.POST, RequestMethod.PUT})
  String either(@RequestBody String item) {
    return "order " + shop.place(item);
  }

  @Idempotent(name = "raw")
  @PostMapping("/raw")
  void raw(HttpServletResponse response, @RequestBody String item) throws IOException {
    response.addCookie(new Cookie("session", "secret"));
    response.setContentType("text/plain");
    response.setCharacterEncoding("UTF-8");
    response.setDateHeader("Last-Modified", 0);
    response.getWriter().print("über %d".formatted(shop.place(item)));
    response.flushBuffer();
  }

  @Idempotent(name = "form")
  @PostMapping("/form")
  String form(@RequestParam String item) {
    return item + " " + shop.place(item);
  }

  @Idempotent(name = "large")
  @PostMapping("/large")
  byte[] large(@RequestParam int size) {
    shop.place("large");
    return new byte[size];
  }

  @Idempotent(name = "large-payment", mode = Mode.RESERVED)
  @PostMapping("/large-payment")
  ResponseEntity<byte[]> largePayment(@RequestParam int size) {
    shop.place("large");
    return ResponseEntity.created(URI.create("/orders/9")).body(new byte[size]);
  }

  @Idempotent(name = "late")
  @PostMapping("/late")
  Object late() {
    shop.place("late");
    return new DeferredResult<String>();
  }

  @Idempotent(name = "payments", mode = Mode.RESERVED)
  @PostMapping("/payments")
  ResponseEntity<String> pay(@RequestBody String item, Reservation reservation) throws Exception {
    String charge = reservation.textStep("charge", () -> hold.name() + charges.incrementAndGet());
    hold.at(HoldPoint.Place.CHARGED);
    if (item.equals("once busy") && wasBusy.compareAndSet(false, true)) {
      return ResponseEntity.status(502).body("busy");
    }
    byte[] order =
        reservation.localStep(
            "order",
            connection -> String.valueOf(shop.place(item)).getBytes(StandardCharsets.UTF_8));
    return ResponseEntity.ok(charge + " order " + new String(order, StandardCharsets.UTF_8));
  }

  @Idempotent(name = "optional", stage = Stage.OPTIONAL)
  @PostMapping("/optional")
  String optional(@RequestBody String item) {
    return "order " + shop.place(item);
  }

  @Idempotent(name = "observed", stage = Stage.OBSERVE)
  @PostMapping("/observed")
  String observed(@RequestBody String item) {
    return "order " + shop.place(item);
  }

  @Idempotent(name = "derived", derivedBy = CartKeys.class)
  @PostMapping("/derived")
  String derived(@RequestBody String item) {
    return "order " + shop.place(item);
  }

  @PostMapping("/plain")
  String plain(@RequestBody String item) {
    return "order " + shop.place(item);
  }
}
