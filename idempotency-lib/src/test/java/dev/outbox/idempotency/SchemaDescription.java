package dev.outbox.idempotency;

import java.sql.SQLException;
import java.util.List;

/** Columns, defaults, constraints and indexes: all that makes two tables the same. */
public final class SchemaDescription {

  private static final String DESCRIPTION =
      """
      select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       a.attidentity, pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = '%1$s'::regclass and a.attnum > 0
      union all
      select concat_ws(' ', conname, pg_get_constraintdef(oid))
      from pg_constraint where conrelid = '%1$s'::regclass
      union all
      select pg_get_indexdef(indexrelid) from pg_index where indrelid = '%1$s'::regclass
      order by 1
      """;

  private SchemaDescription() {}

  public static List<String> of(TestDatabase database, String table) throws SQLException {
    return database.query(DESCRIPTION.formatted(table));
  }
}
