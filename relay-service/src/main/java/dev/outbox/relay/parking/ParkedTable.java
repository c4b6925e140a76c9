package dev.outbox.relay.parking;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The table {@code outbox_parked} beside the outbox table. A row is written once, when an event is
 * set aside, and later marked as released or discarded; its place in the log is its identity, so
 * reading the log again finds what has been dealt with.
 */
public final class ParkedTable {

  private static final String NAME = "outbox_parked";

  private final String relay;
  private final Shard shard;
  private final TableName table;

  /** Nothing is looked at yet. */
  public ParkedTable(RelaySettings settings) {
    this.relay = settings.name();
    this.shard = settings.shard();
    this.table = settings.tableName().sibling(NAME);
  }

  /** The table's name. */
  public TableName name() {
    return table;
  }

  /** Makes the table unless it is there; whether it was made. */
  public boolean create(JdbcClient sql) {
    if (exists(sql)) {
      replaceFormerIndex(sql);
      return false;
    }
    sql.sql(
            """
            create table if not exists %s (
              relay text not null,
              position text collate "C" not null,
              id uuid,
              aggregatetype text,
              aggregateid text,
              type text,
              payload bytea,
              headers text,
              committed_at timestamptz,
              stage text not null,
              reason text not null,
              attempts integer not null,
              parked_at timestamptz not null default now(),
              state text not null default 'parked'
                check (state in ('parked', 'released', 'discarded')),
              decided_position text collate "C",
              decided_at timestamptz,
              note text,
              primary key (relay, position)
            )
            """
                .formatted(table.quoted()))
        .update();
    createIndex(sql);
    return true;
  }

  /** A hash of the ID: a tree refuses one of more than 2704 bytes, and with it the event. */
  private void createIndex(JdbcClient sql) {
    sql.sql(
            "create index if not exists outbox_parked_aggregate on %s using hash (aggregateid) where state = 'parked'"
                .formatted(table.quoted()))
        .update();
  }

  private void replaceFormerIndex(JdbcClient sql) {
    String former = table.sibling("outbox_parked_key").quoted();
    boolean there =
        sql.sql("select to_regclass(:index) is not null")
            .param("index", former)
            .query(Boolean.class)
            .single();
    if (there) {
      createIndex(sql);
      sql.sql("drop index " + former).update();
    }
  }

  /** Whether the table is there. */
  public boolean exists(JdbcClient sql) {
    return sql.sql("select to_regclass(:table) is not null")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  /** Whether the relay's role can park and release. */
  public boolean isUsable(JdbcClient sql) {
    return sql.sql(
            "select has_table_privilege(:table, 'select') and has_table_privilege(:table, 'insert')"
                + " and has_table_privilege(:table, 'update')")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  /**
   * A parked event that a key waits for.
   *
   * @param aggregateType the key's aggregate type
   * @param aggregateId the key's aggregate ID
   * @param first where the oldest of its parked events stands
   */
  public record Hold(String aggregateType, String aggregateId, SourcePosition first) {}

  /** The oldest parked event of each key whose name is known. */
  public List<Hold> holds(JdbcClient sql) {
    return sql.sql(
            """
            select aggregatetype, aggregateid, min(position) from %s
            where relay = :relay and state = 'parked'
              and aggregatetype is not null and aggregateid is not null
            group by aggregatetype, aggregateid
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .query(
            (row, number) ->
                new Hold(row.getString(1), row.getString(2), position(row.getString(3))))
        .list();
  }

  /** The same for the keys of one aggregate ID. */
  List<Hold> holds(JdbcClient sql, String aggregateId) {
    return sql.sql(
            """
            select aggregatetype, min(position) from %s
            where relay = :relay and state = 'parked' and aggregateid = :id
              and aggregatetype is not null
            group by aggregatetype
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("id", aggregateId)
        .query((row, number) -> new Hold(row.getString(1), aggregateId, position(row.getString(2))))
        .list();
  }

  /** Parked events. */
  public int count(JdbcClient sql) {
    return sql.sql(
            "select count(*) from %s where relay = :relay and state = 'parked'"
                .formatted(table.quoted()))
        .param("relay", relay)
        .query(Integer.class)
        .single();
  }

  /** Parked events of one key; none for a key that could not be read. */
  public int count(JdbcClient sql, @Nullable String aggregateType, @Nullable String aggregateId) {
    return sql.sql(
            """
            select count(*) from %s where relay = :relay and state = 'parked'
              and aggregatetype = :type and aggregateid = :id
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("type", aggregateType)
        .param("id", aggregateId)
        .query(Integer.class)
        .single();
  }

  /**
   * Where events stand that were set aside at this position or behind it, whatever came of them.
   */
  List<String> positionsFrom(JdbcClient sql, SourcePosition from) {
    return sql
        .sql(
            "select position from %s where relay = :relay and position >= :from"
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("from", from.asText())
        .query(String.class)
        .stream()
        .map(String::valueOf)
        .toList();
  }

  /** IDs of events that were set aside in epochs before this one. */
  List<String> idsBefore(JdbcClient sql, int epoch) {
    return sql
        .sql(
            "select id::text from %s where relay = :relay and position < :epoch and id is not null"
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("epoch", new SourcePosition(epoch, 0, 0).asText())
        .query(String.class)
        .stream()
        .map(String::valueOf)
        .toList();
  }

  /** Makes this shard's own what others have set aside and belongs to it. */
  int takeOver(JdbcClient sql, List<String> relays) {
    return sql.sql(
            "update %s set relay = :relay where relay in (:relays) and %s"
                .formatted(table.quoted(), shard.condition("aggregateid")))
        .param("relay", relay)
        .param("relays", relays)
        .update();
  }

  /** How many events such relays have set aside, whatever came of them. */
  public int count(JdbcClient sql, List<String> relays) {
    return sql.sql("select count(*) from %s where relay in (:relays)".formatted(table.quoted()))
        .param("relays", relays)
        .query(Integer.class)
        .single();
  }

  /** Writes events; those that stand there already stay as they are. */
  int insert(JdbcClient sql, List<ParkedEvent> events) {
    return sql.sql(
            """
            insert into %s (relay, position, id, aggregatetype, aggregateid, type, payload, headers,
              committed_at, stage, reason, attempts)
            select :relay, e.* from unnest(:positions::text[], :ids::uuid[], :aggregatetypes::text[],
              :aggregateids::text[], :types::text[], :payloads::bytea[], :headers::text[],
              :committed::timestamptz[], :stages::text[], :reasons::text[], :attempts::integer[]) e
            on conflict (relay, position) do nothing
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("positions", texts(events, event -> event.position().asText()))
        .param("ids", texts(events, ParkedEvent::id))
        .param("aggregatetypes", texts(events, ParkedEvent::aggregateType))
        .param("aggregateids", texts(events, ParkedEvent::aggregateId))
        .param("types", texts(events, ParkedEvent::type))
        .param("payloads", events.stream().map(ParkedEvent::payload).toArray(byte[][]::new))
        .param("headers", texts(events, ParkedEvent::headers))
        .param("committed", texts(events, event -> text(event.committedAt())))
        .param("stages", texts(events, event -> event.stage().name()))
        .param("reasons", texts(events, ParkedEvent::reason))
        .param("attempts", texts(events, event -> String.valueOf(event.attempts())))
        .update();
  }

  private static @Nullable String text(@Nullable Instant instant) {
    return instant == null ? null : instant.toString();
  }

  private interface Column {
    @Nullable String of(ParkedEvent event);
  }

  private static @Nullable String[] texts(List<ParkedEvent> events, Column column) {
    return events.stream().map(column::of).toArray(String[]::new);
  }

  /**
   * What a release has to go through.
   *
   * @param position where the event stands in the log
   * @param aggregateType names the topic
   * @param parked whether it is still to be published
   * @param bytes size of its payload
   */
  record Candidate(SourcePosition position, String aggregateType, boolean parked, int bytes) {}

  /**
   * A key's events that stand before a control message, without those that were dealt with before
   * it: the same on every repetition of the message, so that each keeps its place in it.
   */
  List<Candidate> candidates(JdbcClient sql, String aggregateId, SourcePosition control) {
    return sql.sql(
            """
            select position, aggregatetype, state = 'parked', coalesce(octet_length(payload), 0)
            from %s
            where relay = :relay and aggregateid = :id and aggregatetype is not null
              and position < :control and (state = 'parked' or decided_position >= :control)
            order by position
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("id", aggregateId)
        .param("control", control.asText())
        .query(
            (row, number) ->
                new Candidate(
                    position(row.getString(1)), row.getString(2), row.getBoolean(3), row.getInt(4)))
        .list();
  }

  /** Parked events by their positions, in order. */
  List<ParkedEvent> read(JdbcClient sql, List<SourcePosition> positions) {
    return sql.sql(
            """
            select position, id, aggregatetype, aggregateid, type, payload, headers, committed_at,
              stage, reason, attempts
            from %s where relay = :relay and position in (:positions) and state = 'parked'
            order by position
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param(
            "positions",
            positions.stream().map(SourcePosition::asText).collect(Collectors.toList()))
        .query((row, number) -> event(row))
        .list();
  }

  private static ParkedEvent event(ResultSet row) throws SQLException {
    @Nullable Timestamp committed = row.getTimestamp("committed_at");
    return new ParkedEvent(
        position(row.getString("position")),
        row.getString("id"),
        row.getString("aggregatetype"),
        row.getString("aggregateid"),
        row.getString("type"),
        row.getBytes("payload"),
        row.getString("headers"),
        committed == null ? null : committed.toInstant(),
        Stage.valueOf(row.getString("stage")),
        row.getString("reason"),
        row.getInt("attempts"));
  }

  /** The event is on its topic. */
  void release(JdbcClient sql, SourcePosition position, SourcePosition publishedAt) {
    decide(sql, position, "released", publishedAt, null);
  }

  /** The event will not be published; whether it was still parked. */
  boolean discard(JdbcClient sql, SourcePosition position, SourcePosition control, String reason) {
    return decide(sql, position, "discarded", control, reason) > 0;
  }

  private int decide(
      JdbcClient sql,
      SourcePosition position,
      String state,
      SourcePosition decided,
      @Nullable String note) {
    return sql.sql(
            """
            update %s set state = :state, decided_position = :decided, decided_at = now(),
              note = :note
            where relay = :relay and position = :position and state = 'parked'
            """
                .formatted(table.quoted()))
        .params(
            params(
                "relay", relay,
                "position", position.asText(),
                "state", state,
                "decided", decided.asText(),
                "note", note))
        .update();
  }

  private static Map<String, @Nullable Object> params(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> params = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      params.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return params;
  }

  /** Publishing it was tried again in vain. */
  void refusedAgain(JdbcClient sql, SourcePosition position, Stage stage, String reason) {
    sql.sql(
            """
            update %s set attempts = attempts + 1, stage = :stage, reason = :reason
            where relay = :relay and position = :position and state = 'parked'
            """
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("position", position.asText())
        .param("stage", stage.name())
        .param("reason", reason)
        .update();
  }

  /**
   * One line for people and programs; never the payload.
   *
   * @param position where the event stood in the log; names it to {@code discard}
   * @param id the event ID, if it could be read
   * @param aggregateType the key's aggregate type, if it could be read
   * @param aggregateId the key's aggregate ID, if it could be read
   * @param type what happened
   * @param stage where it was refused
   * @param reason why
   * @param attempts how often; 0 for an event that only waits behind another
   * @param parkedAt since when
   * @param payloadBytes size of the payload
   * @param state parked, released or discarded
   * @param note the reason of a discard
   */
  public record Listed(
      String position,
      @Nullable String id,
      @Nullable String aggregateType,
      @Nullable String aggregateId,
      @Nullable String type,
      String stage,
      String reason,
      int attempts,
      Instant parkedAt,
      int payloadBytes,
      String state,
      @Nullable String note) {}

  /**
   * Events in order of the log.
   *
   * @param all whether released and discarded ones are wanted too
   * @param most how many at most
   */
  public List<Listed> list(JdbcClient sql, boolean all, int most) {
    return sql.sql(
            LISTED.formatted(table.quoted())
                + (all ? "" : " and state = 'parked'")
                + " order by position limit "
                + most)
        .param("relay", relay)
        .query((row, number) -> listed(row))
        .list();
  }

  /** The event with this position or event ID, whatever its state; the newest of several. */
  public Optional<Listed> find(JdbcClient sql, String positionOrId) {
    return sql
        .sql(
            LISTED.formatted(table.quoted())
                + " and (position = :name or id::text = lower(:name)) order by position desc limit 1")
        .param("relay", relay)
        .param("name", positionOrId)
        .query((row, number) -> listed(row))
        .list()
        .stream()
        .findFirst();
  }

  /** The payload of an event at this position; empty for a tombstone, or when there is no event. */
  public Optional<byte[]> payload(JdbcClient sql, String position) {
    return sql
        .sql(
            "select payload from %s where relay = :relay and position = :position"
                .formatted(table.quoted()))
        .param("relay", relay)
        .param("position", position)
        .query((row, number) -> Optional.ofNullable(row.getBytes(1)))
        .list()
        .stream()
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static final String LISTED =
      """
      select position, id, aggregatetype, aggregateid, type, stage, reason, attempts, parked_at,
        coalesce(octet_length(payload), 0), state, note
      from %s where relay = :relay""";

  private static Listed listed(ResultSet row) throws SQLException {
    return new Listed(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getString(7),
        row.getInt(8),
        row.getTimestamp(9).toInstant(),
        row.getInt(10),
        row.getString(11),
        row.getString(12));
  }

  private static SourcePosition position(@Nullable String text) {
    return SourcePosition.parse(Objects.requireNonNull(text));
  }
}
