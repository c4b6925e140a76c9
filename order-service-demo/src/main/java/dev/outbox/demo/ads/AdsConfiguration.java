package dev.outbox.demo.ads;

import dev.outbox.demo.consuming.EventConsumer;
import dev.outbox.demo.consuming.EventConsumers;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import java.util.UUID;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.json.JsonMapper;

/** From clicks to what they cost. */
@Configuration(proxyBeanMethods = false)
class AdsConfiguration {

  @Bean
  EventConsumer adSpendConsumer(EventConsumers consumers, AdSpend spend, JsonMapper json) {
    return consumers.consumer(
        "ad-spend", "outbox.event.Campaign", event -> count(event, spend, json));
  }

  private static void count(ReceivedEvent event, AdSpend spend, JsonMapper json) {
    if (event.type().filter(AdClicked.TYPE::equals).isPresent()) {
      event
          .payload()
          .map(payload -> json.readValue(payload, AdClicked.class))
          .ifPresent(click -> spend.add(UUID.fromString(event.id()), click));
    }
  }
}
