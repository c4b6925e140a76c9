package dev.outbox.demo.ads;

import dev.outbox.demo.money.Money;
import java.time.ZoneOffset;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** What was spent: a row for each event, so that a total is a sum and never a counter. */
@Repository
class AdSpend {

  private final JdbcClient database;

  AdSpend(JdbcClient database) {
    this.database = database;
  }

  /**
   * What a campaign has cost.
   *
   * @param clicks how many were counted
   */
  record Total(String campaign, Money spend, long clicks) {}

  /** Counts a click, once for its event. */
  void add(UUID eventId, AdClicked click) {
    database
        .sql(
            """
            insert into ad_spend (event_id, campaign, spend, currency, at) values (?, ?, ?, ?, ?)
            on conflict (event_id) do nothing
            """)
        .params(
            eventId,
            click.campaign(),
            click.spend().amount(),
            click.spend().currency(),
            click.at().atOffset(ZoneOffset.UTC))
        .update();
  }

  /** Zero for a campaign that nobody has clicked on. */
  Total total(String campaign) {
    return database
        .sql(
            """
            select coalesce(sum(spend), 0) as spend, count(*) as clicks
            from ad_spend where campaign = ? and currency = ?
            """)
        .params(campaign, Money.EUR)
        .query(
            (row, number) ->
                new Total(campaign, Money.cents(row.getLong("spend")), row.getLong("clicks")))
        .single();
  }
}
