package dev.outbox.demo.page;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What the page looks at.
 *
 * @param outboxTable where the events are written, with its schema if it is not on the search path
 * @param parkedTable where the relay keeps what can never be published
 * @param maxViewers how many may watch at the same time; each holds a thread while it is written to
 * @param grace how long an event that looks passed over may still turn up as parked; a killed relay
 *     has to start first
 */
@Validated
@ConfigurationProperties("demo.page")
record PageSettings(
    @DefaultValue("outbox_event") @Pattern(regexp = NAME, message = NAME_RULE) String outboxTable,
    @DefaultValue("outbox_parked") @Pattern(regexp = NAME, message = NAME_RULE) String parkedTable,
    @DefaultValue("20") @Min(1) @Max(500) int maxViewers,
    @DefaultValue("1m") Duration grace) {

  private static final String NAME = "[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)?";
  private static final String NAME_RULE = "must be a table in lower case, such as outbox_event";
}
