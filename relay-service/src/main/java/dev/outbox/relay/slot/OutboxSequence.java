package dev.outbox.relay.slot;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.RelayRecord.Floor;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The sequence that numbers the rows of the outbox table. With it the relay remembers in one number
 * which rows need not be looked at after a gap.
 */
final class OutboxSequence {

  private final TableName table;
  private final String name;

  private OutboxSequence(TableName table, String name) {
    this.table = table;
    this.name = name;
  }

  /** The sequence, if rows are numbered in a way that serves. */
  static Optional<OutboxSequence> find(JdbcClient sql, RelaySettings settings) {
    try {
      return Optional.of(require(sql, settings));
    } catch (RelayException e) {
      return Optional.empty();
    }
  }

  /**
   * The sequence.
   *
   * @throws RelayException when rows are not numbered in a way that serves, with the remedy
   */
  static OutboxSequence require(JdbcClient sql, RelaySettings settings) {
    TableName table = settings.tableName();
    String name =
        sequenceName(sql, table)
            .orElseThrow(
                () ->
                    unusable(
                        table,
                        "it has no column seq with a sequence of its own",
                        "alter table %s add column seq bigint generated always as identity"
                            .formatted(table.quoted())));
    Traits traits = Traits.of(sql, table, name);
    String role = Identifiers.quote(settings.database().username());
    if (!traits.mayReadSequence()) {
      throw unusable(
          table,
          "the relay's role may not read its sequence",
          "grant select on sequence %s to %s".formatted(name, role));
    }
    if (!traits.mayReadTable()) {
      throw unusable(
          table,
          "the relay's role may not read it",
          "grant select on %s to %s".formatted(table.quoted(), role));
    }
    if (traits.cache() > 1) {
      throw unusable(
          table,
          "sessions keep numbers of its sequence for later (cache %d), so a low number may appear at any time"
              .formatted(traits.cache()),
          "alter sequence %s cache 1".formatted(name));
    }
    if (!traits.grows()) {
      throw unusable(
          table,
          "its sequence does not only grow",
          "alter sequence %s increment 1 no cycle".formatted(name));
    }
    return new OutboxSequence(table, name);
  }

  private static Optional<String> sequenceName(JdbcClient sql, TableName table) {
    boolean numbered =
        sql.sql(
                """
                select count(*) > 0 from pg_attribute
                where attrelid = cast(:table as regclass) and attname = 'seq' and not attisdropped
                """)
            .param("table", table.quoted())
            .query(Boolean.class)
            .single();
    if (!numbered) {
      return Optional.empty();
    }
    List<String> names =
        sql
            .sql("select pg_get_serial_sequence(:table, 'seq')")
            .param("table", table.quoted())
            .query((row, number) -> Optional.ofNullable(row.getString(1)))
            .list()
            .stream()
            .flatMap(Optional::stream)
            .toList();
    return names.stream().findFirst();
  }

  private static RelayException unusable(TableName table, String reason, String remedy) {
    return new RelayException(
        Stage.OPERATIONS,
        "After a gap the relay cannot recover from table %s: %s.".formatted(table, reason),
        "Run: " + remedy);
  }

  private record Traits(long cache, boolean grows, boolean mayReadSequence, boolean mayReadTable) {
    static Traits of(JdbcClient sql, TableName table, String name) {
      return sql.sql(
              """
              select seqcache, seqincrement > 0 and not seqcycle,
                has_sequence_privilege(seqrelid, 'select'), has_table_privilege(:table, 'select')
              from pg_sequence where seqrelid = cast(:name as regclass)
              """)
          .param("table", table.quoted())
          .param("name", name)
          .query(
              (row, number) ->
                  new Traits(
                      row.getLong(1), row.getBoolean(2), row.getBoolean(3), row.getBoolean(4)))
          .single();
    }
  }

  /** The last number given away, and the time now. */
  Floor floor(JdbcClient sql) {
    return sql.sql("select coalesce(pg_sequence_last_value(cast(:name as regclass)), 0), now()")
        .param("name", name)
        .query(
            (row, number) ->
                new Floor(row.getLong(1), row.getObject(2, OffsetDateTime.class).toInstant()))
        .single();
  }

  /** Whether numbers have begun anew since a checkpoint, as after {@code restart identity}. */
  boolean wasReset(JdbcClient sql, Floor since) {
    return floor(sql).seq() < since.seq();
  }

  /**
   * Transactions that may hold a number and have not ended. Snapshots do not tell: a transaction
   * gets its number before it gets its ID. But it holds the lock of a writer by then.
   */
  Set<String> writers(JdbcClient sql) {
    return sql
        .sql(
            """
            select virtualtransaction from pg_locks
            where locktype = 'relation' and granted and mode = 'RowExclusiveLock'
              and database = (select oid from pg_database where datname = current_database())
              and relation in (cast(:table as regclass), cast(:name as regclass))
            """)
        .param("table", table.quoted())
        .param("name", name)
        .query(String.class)
        .stream()
        .map(String::valueOf)
        .collect(Collectors.toSet());
  }
}
