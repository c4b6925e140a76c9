package dev.outbox.demo.stock;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** The stock over HTTP. */
@RestController
class StockController {

  private final StockLedger ledger;

  StockController(StockLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * How the stock of a product changed.
   *
   * @param change the sum of the ledger: what was sold, as a negative number
   */
  record Stock(String productId, long change) {}

  @GetMapping("/stock/{productId}")
  Stock stock(@PathVariable String productId) {
    return new Stock(productId, ledger.change(productId));
  }
}
