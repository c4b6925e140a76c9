package dev.outbox.demo.page;

import dev.outbox.demo.page.Journey.Applied;
import dev.outbox.demo.page.Journey.Parked;
import dev.outbox.demo.page.Journey.Row;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * What the page reads of the shop's tables; it writes nothing. Never a payload: that of a poison
 * order has more than a megabyte.
 */
@Repository
class Tables {

  /** Commit times are kept only where {@code track_commit_timestamp} is on. */
  private static final String COMMITTED =
      """
      coalesce(case when current_setting('track_commit_timestamp')::boolean
        then pg_xact_commit_timestamp(xmin) end, %s)
      """;

  /** Numbers of transactions as rows have them, in 32 bits. */
  private static final String VISIBLE_BELOW =
      "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint & 4294967295)";

  private final JdbcClient database;
  private final PageSettings settings;
  private final String selectRows;
  private final String selectEffects;

  Tables(JdbcClient database, PageSettings settings) {
    this.database = database;
    this.settings = settings;
    this.selectRows =
        """
        select id, seq, aggregatetype, aggregateid, type, created_at, %s as committed_at,
          xmin::text::bigint as transaction, %s as visible_below
        from %s
        """
            .formatted(COMMITTED.formatted("created_at"), VISIBLE_BELOW, settings.outboxTable());
    this.selectEffects =
        "select event_id, consumer, %s as at from effect "
            .formatted(COMMITTED.formatted("applied_at"));
  }

  /** A few figures of the outbox. */
  record Outbox(long lastSeq, Instant oldest, long transaction, long visibleBelow) {}

  Outbox outbox() {
    return database
        .sql(
            """
            select coalesce(max(seq), 0), coalesce(min(created_at), now()),
              (pg_snapshot_xmin(pg_current_snapshot())::text::bigint),
              (pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
            from (select seq, created_at from %1$s where seq = (select min(seq) from %1$s)
              union all select seq, null from %1$s where seq = (select max(seq) from %1$s)) ends
            """
                .formatted(settings.outboxTable()))
        .query(
            (row, number) ->
                new Outbox(row.getLong(1), time(row, 2), row.getLong(3), row.getLong(4)))
        .single();
  }

  List<Row> rowsAfter(long seq, int limit) {
    return database
        .sql(selectRows + " where seq > ? order by seq limit ?")
        .params(seq, limit)
        .query(Tables::row)
        .list();
  }

  List<Row> rows(Collection<UUID> ids) {
    return database
        .sql(selectRows + " where id = any(?)")
        .param(ids.toArray(UUID[]::new))
        .query(Tables::row)
        .list();
  }

  private static Row row(ResultSet row, int number) throws SQLException {
    return new Row(
        row.getObject("id", UUID.class),
        row.getLong("seq"),
        row.getString("aggregatetype"),
        row.getString("aggregateid"),
        row.getString("type"),
        time(row, "created_at"),
        time(row, "committed_at"),
        row.getLong("transaction"),
        row.getLong("visible_below"));
  }

  List<Applied> effectsSince(Instant moment) {
    return database
        .sql(selectEffects + " where applied_at >= ?")
        .param(java.sql.Timestamp.from(moment))
        .query(Tables::applied)
        .list();
  }

  List<Applied> effects(Collection<UUID> events) {
    return database
        .sql(selectEffects + " where event_id = any(?)")
        .param(events.toArray(UUID[]::new))
        .query(Tables::applied)
        .list();
  }

  private static Applied applied(ResultSet row, int number) throws SQLException {
    return new Applied(
        row.getObject("event_id", UUID.class), row.getString("consumer"), time(row, "at"));
  }

  /**
   * The table of effects, counted.
   *
   * @param rows all of them
   * @param distinct pairs of consumer and event
   */
  record EffectCount(long rows, long distinct) {}

  EffectCount countEffects() {
    return database
        .sql(
            """
            select coalesce(sum(times), 0), count(*)
            from (select count(*) as times from effect group by consumer, event_id) pairs
            """)
        .query((row, number) -> new EffectCount(row.getLong(1), row.getLong(2)))
        .single();
  }

  /** What was applied more often than once, as sentences. */
  List<String> appliedTwice(int limit) {
    return database
        .sql(
            """
            select consumer, event_id, count(*) from effect
            group by consumer, event_id having count(*) > 1 limit ?
            """)
        .param(limit)
        .query(
            (row, number) ->
                "Event %s was applied %d times by %s"
                    .formatted(row.getString(2), row.getLong(3), row.getString(1)))
        .list();
  }

  /** Empty where the relay has not made its table yet. */
  List<Parked> parked() {
    boolean there =
        database
            .sql("select to_regclass(?) is not null")
            .param(settings.parkedTable())
            .query(Boolean.class)
            .single();
    return there
        ? database
            .sql(
                "select id, state, left(reason, 300) from %s where id is not null"
                    .formatted(settings.parkedTable()))
            .query(
                (row, number) ->
                    new Parked(row.getObject(1, UUID.class), row.getString(2), row.getString(3)))
            .list()
        : List.of();
  }

  List<OrderBrief> orders(Collection<UUID> ids) {
    return database
        .sql(
            """
            select o.id, o.user_id, o.status,
              string_agg(l.quantity || ' × ' || l.product_id, ', ') as what
            from orders o join order_line l on l.order_id = o.id
            where o.id = any(?) group by o.id
            """)
        .param(ids.toArray(UUID[]::new))
        .query(
            (row, number) ->
                new OrderBrief(
                    row.getString("id"),
                    row.getString("user_id"),
                    row.getString("status"),
                    row.getString("what")))
        .list();
  }

  private static Instant time(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static Instant time(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }
}
