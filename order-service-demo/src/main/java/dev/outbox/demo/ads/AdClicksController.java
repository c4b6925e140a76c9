package dev.outbox.demo.ads;

import dev.outbox.demo.http.Problems;
import dev.outbox.demo.money.Money;
import dev.outbox.idempotency.http.spring.Idempotent;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Clicks on advertisements, and what they cost. */
@RestController
@RequestMapping(produces = MediaType.APPLICATION_JSON_VALUE)
class AdClicksController {

  private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");
  private static final Duration CLOCK_SKEW = Duration.ofDays(1);

  private final OutboxWriter outbox;
  private final AdSpend spend;
  private final JsonMapper json;
  private final Clock clock = Clock.systemUTC();

  AdClicksController(OutboxWriter outbox, AdSpend spend, JsonMapper json) {
    this.outbox = outbox;
    this.spend = spend;
    this.json = json;
  }

  /** A click that will be counted. */
  record Taken(UUID eventId, String campaign, Money spend, Instant at) {}

  /** The filter of the idempotency key owns the transaction, which holds the event alone. */
  @PostMapping("/ad-clicks")
  @Idempotent(name = "ad-click")
  @Operation(summary = "Somebody has clicked on an advertisement")
  @ApiResponse(responseCode = "202", description = "Will be counted, once")
  @Tag(name = "Advertisements")
  ResponseEntity<Taken> click(@Valid @RequestBody AdClick click) {
    if (click.at().isBefore(EARLIEST) || click.at().isAfter(clock.instant().plus(CLOCK_SKEW))) {
      throw Problems.field("at", "must be from 2000 on and not in the future");
    }
    AdClicked clicked = new AdClicked(click.campaign(), Money.cents(click.spend()), click.at());
    OutboxEvent event =
        OutboxEvent.of(
            AdClicked.AGGREGATE_TYPE,
            clicked.campaign(),
            AdClicked.TYPE,
            json.writeValueAsBytes(clicked));
    outbox.append(event);
    return ResponseEntity.accepted()
        .body(new Taken(event.id(), clicked.campaign(), clicked.spend(), clicked.at()));
  }

  @GetMapping("/ad-spend/{campaign}")
  @Operation(summary = "What a campaign has cost so far")
  @Tag(name = "Effects")
  AdSpend.Total total(@PathVariable String campaign) {
    return spend.total(campaign);
  }
}
