package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The rows that a replay publishes once more, page by page, each with its place behind the control
 * message. Reading them again gives each row the same place, also if others have been removed. For
 * one thread.
 *
 * <p>The table does not know when a row's transaction committed, so {@code committedAt} is {@code
 * created_at}: when it began.
 */
public final class ReplayRows {

  /** A page has so many rows at most, and so many bytes of payload unless a single row has more. */
  private static final int PAGE_ROWS = 500;

  private static final long PAGE_BYTES = 4L << 20;

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final Replay replay;
  private final SourcePosition position;
  private long nextSeq;

  /**
   * @param position where the control message stands
   */
  public ReplayRows(
      SourceDatabase database, RelaySettings settings, Replay replay, SourcePosition position) {
    this.database = database;
    this.settings = settings;
    this.replay = replay;
    this.position = position;
    this.nextSeq = replay.firstSeq();
  }

  /**
   * The next rows in the order of their numbers; none when there are no more.
   *
   * @throws dev.outbox.relay.failure.RelayException when the database does not answer, or the
   *     relay's role may not read the outbox table; the same page can be asked for again
   */
  public List<OutboxEvent> nextPage() {
    List<OutboxEvent> page = database.inTransaction(Stage.OPERATIONS, this::read);
    if (!page.isEmpty()) {
      OutboxEvent last = page.get(page.size() - 1);
      nextSeq = replay.firstSeq() + (last.position().index() - position.index()) + 1;
    }
    return page;
  }

  private List<OutboxEvent> read(JdbcClient sql) {
    // Sizes are known without reading the payloads; those beyond the page are never fetched.
    return SelectedRows.bind(
            sql.sql(
                """
                select seq, id, aggregatetype, aggregateid, type, payload, headers, created_at
                from (
                  select p.*, sum(coalesce(octet_length(p.payload), 0)) over (order by p.seq)
                      - coalesce(octet_length(p.payload), 0) as bytes_before
                  from (
                    select o.* from %s o
                    where o.seq >= :next and o.seq <= :through and %s and %s
                    order by o.seq limit :rows
                  ) p
                ) r
                where bytes_before = 0 or bytes_before + coalesce(octet_length(payload), 0) <= :bytes
                order by seq
                """
                    .formatted(
                        settings.tableName().quoted(),
                        SelectedRows.CONDITION,
                        settings.shard().condition("o.aggregateid"))),
            replay.selection())
        .param("next", nextSeq)
        .param("through", replay.throughSeq())
        .param("rows", PAGE_ROWS)
        .param("bytes", PAGE_BYTES)
        .query((row, number) -> event(row))
        .list();
  }

  private OutboxEvent event(ResultSet row) throws SQLException {
    int place = (int) (row.getLong(1) - replay.firstSeq());
    Instant createdAt = row.getTimestamp(8).toInstant();
    return new OutboxEvent(
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getBytes(6),
        row.getString(7),
        createdAt,
        position.within(place));
  }
}
