package dev.outbox.demo.ads;

import dev.outbox.demo.money.Money;
import java.time.Instant;

/** The event, as other services read it. */
record AdClicked(String campaign, Money spend, Instant at) {

  static final String TYPE = "AdClicked";
  static final String AGGREGATE_TYPE = "Campaign";
}
