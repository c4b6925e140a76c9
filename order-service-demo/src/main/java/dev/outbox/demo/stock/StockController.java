package dev.outbox.demo.stock;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** The stock over HTTP. */
@RestController
@Tag(name = "Effects")
class StockController {

  private final StockLedger ledger;

  StockController(StockLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * How the stock of a product changed.
   *
   * @param change the sum of the ledger: what was sold and not taken back, as a negative number
   */
  record Stock(String productId, long change) {}

  @GetMapping("/stock/{productId}")
  @Operation(summary = "What was sold of a product, less what came back, as a negative number")
  Stock stock(@PathVariable String productId) {
    return new Stock(productId, ledger.change(productId));
  }
}
