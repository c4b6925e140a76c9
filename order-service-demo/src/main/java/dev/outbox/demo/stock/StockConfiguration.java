package dev.outbox.demo.stock;

import dev.outbox.demo.consuming.EventConsumer;
import dev.outbox.demo.consuming.EventConsumers;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

/** Books placed and cancelled orders in the ledger. */
@Configuration(proxyBeanMethods = false)
class StockConfiguration {

  @Bean
  EventConsumer stockConsumer(EventConsumers consumers, StockLedger ledger, JsonMapper json) {
    return consumers.consumer("stock", "outbox.event.Order", event -> book(event, ledger, json));
  }

  private static void book(ReceivedEvent event, StockLedger ledger, JsonMapper json) {
    byte[] payload = event.payload().orElse(null);
    if (payload == null) {
      return;
    }
    switch (event.type().orElse("")) {
      case "OrderPlaced" -> ledger.sell(json.readValue(payload, PlacedOrder.class));
      case "OrderCancelled" ->
          ledger.takeBack(json.readValue(payload, CancelledOrder.class).orderId());
      default -> {
        // The stock stays where it is.
      }
    }
  }
}
