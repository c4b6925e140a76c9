package dev.outbox.demo.orders;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The catalogue over HTTP. */
@RestController
@Tag(name = "Orders")
class ProductsController {

  private final Catalogue catalogue;

  ProductsController(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  @GetMapping("/products")
  @Operation(summary = "What the shop sells")
  List<Product> products() {
    return catalogue.all();
  }
}
