package dev.outbox.relay.slot;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.GapException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The publication that the slot is read through: inserts into the outbox table, event columns only.
 */
final class Publication {

  private final RelaySettings settings;
  private final String name;
  private final TableName table;

  Publication(RelaySettings settings) {
    this.settings = settings;
    this.name = settings.publication();
    this.table = settings.tableName();
  }

  boolean exists(JdbcClient sql) {
    return sql.sql("select count(*) from pg_publication where pubname = :name")
            .param("name", name)
            .query(Integer.class)
            .single()
        > 0;
  }

  void create(JdbcClient sql) {
    sql.sql(
            "create publication %s for table %s (%s)%s with (publish = 'insert')"
                .formatted(
                    Identifiers.quote(name),
                    table.quoted(),
                    OutboxTable.COLUMNS.keySet().stream()
                        .map(Identifiers::quote)
                        .collect(Collectors.joining(", ")),
                    rowFilter()))
        .update();
  }

  private String rowFilter() {
    Shard shard = settings.shard();
    return shard.isPart() ? " where (%s)".formatted(shard.condition("aggregateid")) : "";
  }

  void drop(JdbcClient sql) {
    sql.sql("drop publication if exists " + Identifiers.quote(name)).update();
  }

  /**
   * Tells one definition from another that says the same: a publication that was dropped or changed
   * and made as before has not let everything through in between.
   */
  String identity(JdbcClient sql) {
    return sql.sql(
            """
            select concat_ws(' ', p.oid, p.xmin,
              (select string_agg(concat_ws(' ', r.oid, r.xmin), ' ' order by r.oid)
                from pg_publication_rel r where r.prpubid = p.oid))
            from pg_publication p where p.pubname = :name
            """)
        .param("name", name)
        .query(String.class)
        .single();
  }

  /** The relay's publication, and the same as before. */
  void require(JdbcClient sql, Optional<String> before) {
    require(sql);
    if (before.isPresent() && !before.get().equals(identity(sql))) {
      throw SlotCheck.gap(
          settings, "Publication '%s' was changed or made anew by somebody else".formatted(name));
    }
  }

  /** Anything else than inserts of these columns would change what is published, or lose events. */
  void require(JdbcClient sql) {
    if (!exists(sql)) {
      throw missing();
    }
    String actual =
        sql.sql(
                """
                select concat_ws('; ',
                  case when p.puballtables then 'for all tables' end,
                  'publishes ' || concat_ws(', ', case when p.pubinsert then 'insert' end,
                    case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
                    case when p.pubtruncate then 'truncate' end),
                  (select string_agg(t.schemaname || '.' || t.tablename || ' ('
                      || array_to_string(t.attnames, ', ') || ')'
                      || coalesce(' where ' || t.rowfilter, ''), '; '
                      order by t.schemaname, t.tablename)
                    from pg_publication_tables t where t.pubname = p.pubname))
                from pg_publication p where p.pubname = :name
                """)
            .param("name", name)
            .query(String.class)
            .single();
    Optional<String> expected = expected(sql);
    if (expected.isEmpty()
        || !withoutDecoration(actual).equals(withoutDecoration(expected.get()))) {
      throw SlotCheck.gap(
          settings,
          "Publication '%s' is not the relay's: %s instead of: %s"
              .formatted(name, actual, expected.orElse("nothing")));
    }
  }

  /** The server shows a row filter with more brackets and casts, and its keywords in capitals. */
  private static String withoutDecoration(String definition) {
    int filter = definition.indexOf(" where ");
    return filter < 0
        ? definition
        : definition.substring(0, filter)
            + definition
                .substring(filter)
                .toLowerCase(Locale.ROOT)
                .replaceAll("::text|[()\\s]", "");
  }

  GapException missing() {
    return SlotCheck.gap(
        settings, "Publication '%s' is gone, although it was made before".formatted(name));
  }

  /** The server lists columns in the table's order, which a hand-made table may have otherwise. */
  private Optional<String> expected(JdbcClient sql) {
    List<String> columns =
        sql
            .sql(
                """
                select a.attname from pg_attribute a
                where a.attrelid = cast(:table as regclass) and a.attname in (:columns)
                order by a.attnum
                """)
            .param("table", table.quoted())
            .param("columns", OutboxTable.COLUMNS.keySet())
            .query(String.class)
            .stream()
            .map(String::valueOf)
            .toList();
    return columns.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "publishes insert; %s (%s)%s"
                .formatted(table, String.join(", ", columns), rowFilter()));
  }
}
