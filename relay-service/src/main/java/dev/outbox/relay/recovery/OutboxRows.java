package dev.outbox.relay.recovery;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.PendingRecovery;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of the outbox table that a recovery looks at. */
final class OutboxRows {

  private static final String PARKED = "outbox_parked";
  private static final int FETCH = 1000;

  /**
   * Rows carry the lower half of the ID of their transaction. The upper half is that of the next ID
   * to be given away, or one less, since no row is that old.
   */
  private static final String COMMITTED_BEFORE_THE_SLOT =
      """
      pg_visible_in_snapshot(
        (case when o.xmin::text::bigint < (next.id & 4294967295)
          then next.id - (next.id & 4294967295)
          else greatest(next.id - (next.id & 4294967295) - 4294967296, 0) end
          + o.xmin::text::bigint)::text::xid8,
        cast(:snapshot as pg_snapshot))
      """;

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final PendingRecovery pending;
  private final TableName table;

  OutboxRows(SourceDatabase database, RelaySettings settings, PendingRecovery pending) {
    this.database = database;
    this.settings = settings;
    this.pending = pending;
    this.table = settings.tableName();
  }

  /** The next rows that were committed before the slot began, at most so many. */
  Candidates candidatesAfter(long seq, int atMost) {
    return database.inPatientTransaction(
        Stage.OPERATIONS,
        sql -> {
          Candidates found = new Candidates(atMost);
          sql.sql(
                  """
                  select o.seq, o.id, o.aggregatetype,
                    coalesce(octet_length(o.payload), 0) + coalesce(octet_length(o.headers), 0)
                  from %s o,
                    (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as id) next
                  where o.seq > :after and %s and %s
                  order by o.seq limit :most
                  """
                      .formatted(
                          table.quoted(),
                          COMMITTED_BEFORE_THE_SLOT,
                          settings.shard().condition("o.aggregateid")))
              .param("after", seq)
              .param("snapshot", pending.snapshot())
              .param("most", atMost)
              .withFetchSize(FETCH)
              .query(
                  row -> {
                    found.add(
                        row.getLong(1),
                        id(row, 2),
                        row.getInt(4),
                        String.valueOf(row.getString(3)));
                  });
          return found;
        });
  }

  /** Tells the IDs of events that are set aside, or were. */
  void parked(Consumer<UUID> id) {
    TableName parked = table.sibling(PARKED);
    database.inPatientTransaction(
        Stage.OPERATIONS,
        sql -> {
          if (exists(sql, parked)) {
            sql.sql(
                    "select id from %s where relay = :relay and id is not null"
                        .formatted(parked.quoted()))
                .param("relay", settings.name())
                .withFetchSize(FETCH)
                .query(
                    row -> {
                      id.accept(id(row, 1));
                    });
          }
          return parked;
        });
  }

  private static boolean exists(JdbcClient sql, TableName table) {
    return sql.sql("select to_regclass(:table) is not null")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  /** These rows in the order of their numbers, without those that have been deleted meanwhile. */
  List<OutboxEvent> read(List<Long> seqs) {
    return database.inPatientTransaction(
        Stage.OPERATIONS,
        sql ->
            sql.sql(
                    """
                    select o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.headers,
                      coalesce((to_jsonb(o) ->> 'created_at')::timestamptz, now())
                    from %s o where o.seq in (:seqs) order by o.seq
                    """
                        .formatted(table.quoted()))
                .param("seqs", seqs)
                .query((row, number) -> event(row))
                .list());
  }

  private OutboxEvent event(ResultSet row) throws SQLException {
    long seq = row.getLong(1);
    return new OutboxEvent(
        id(row, 2).toString(),
        text(row, 3, seq),
        text(row, 4, seq),
        text(row, 5, seq),
        row.getBytes(6),
        row.getString(7),
        instant(row.getObject(8, OffsetDateTime.class)),
        new SourcePosition(pending.epoch(), seq, 0));
  }

  private static Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? Instant.EPOCH : time.toInstant();
  }

  private UUID id(ResultSet row, int column) throws SQLException {
    UUID id = row.getObject(column, UUID.class);
    if (id == null) {
      throw noEvent("without id");
    }
    return id;
  }

  private String text(ResultSet row, int column, long seq) throws SQLException {
    String value = row.getString(column);
    if (value == null) {
      throw noEvent("with seq " + seq);
    }
    return value;
  }

  private RelayException noEvent(String which) {
    return new RelayException(
        Stage.OPERATIONS,
        "A row %s of table %s is no event: id, aggregatetype, aggregateid and type must not be null."
            .formatted(which, table),
        "Correct or delete the row; the recovery goes on by itself.");
  }
}
