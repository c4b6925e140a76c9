package dev.outbox.relay.slot;

import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the relay asks of the outbox table. */
final class OutboxTable {

  /** The published columns; the key and the timestamp stay out, since decoding them costs. */
  static final Map<String, String> COLUMNS = columns();

  private OutboxTable() {}

  private static Map<String, String> columns() {
    Map<String, String> columns = new LinkedHashMap<>();
    columns.put("id", "uuid");
    columns.put("aggregatetype", "text");
    columns.put("aggregateid", "text");
    columns.put("type", "text");
    columns.put("payload", "bytea");
    columns.put("headers", "text");
    return columns;
  }

  static void require(JdbcClient sql, TableName table) {
    List<String> kind =
        sql
            .sql(
                """
                select case when c.relpersistence <> 'p' then 'unlogged' else 'logged' end
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = :schema and c.relname = :table and c.relkind = 'r'
                """)
            .param("schema", table.schema())
            .param("table", table.table())
            .query(String.class)
            .stream()
            .map(String::valueOf)
            .toList();
    if (kind.isEmpty()) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Table %s does not exist.".formatted(table),
          "Start the service that writes to it (its writer library creates the table), apply"
              + " docs/sql/outbox_event.sql, or correct outbox.relay.table.");
    }
    if (kind.get(0).equals("unlogged")) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Table %s is unlogged: its rows never reach the write-ahead log.".formatted(table),
          "Run: alter table %s set logged".formatted(table.quoted()));
    }
    requireColumns(sql, table);
  }

  private static void requireColumns(JdbcClient sql, TableName table) {
    Map<String, String> actual = new LinkedHashMap<>();
    sql.sql(
            """
            select a.attname, format_type(a.atttypid, null)
            from pg_attribute a
              join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = :schema and c.relname = :table and a.attnum > 0
              and not a.attisdropped
            """)
        .param("schema", table.schema())
        .param("table", table.table())
        .query((row, number) -> actual.put(row.getString(1), row.getString(2)))
        .list();
    List<String> wrong = new ArrayList<>();
    COLUMNS.forEach(
        (column, type) -> {
          String found = actual.get(column);
          if (found == null) {
            wrong.add("%s %s is missing".formatted(column, type));
          } else if (!found.equals(type)) {
            wrong.add("%s is %s instead of %s".formatted(column, found, type));
          }
        });
    if (!wrong.isEmpty()) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Table %s does not have the outbox columns: %s."
              .formatted(table, String.join(", ", wrong)),
          "Bring it to the shape of docs/sql/outbox_event.sql, or correct outbox.relay.table.");
    }
  }
}
