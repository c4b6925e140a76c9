package dev.outbox.idempotency.internal;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a table must have for a part of the library to do its work.
 *
 * @param columns name to type, as {@code format_type} tells it, with {@code identity} behind it
 *     where the database gives the value
 * @param unique the columns a unique index must cover, no more and no fewer: without it repeats
 *     would pass as new in silence
 * @param privileges what the connection's user must be allowed to
 */
public record TableCheck(
    Map<String, String> columns, List<String> unique, List<String> privileges) {

  private static final String EXISTS = "select to_regclass(?) is not null";

  private static final String COLUMNS =
      """
      select attname, replace(format_type(atttypid, null), 'character varying', 'text')
        || case when attidentity = '' then '' else ' identity' end
      from pg_attribute where attrelid = to_regclass(?) and attnum > 0 and not attisdropped
      """;

  private static final String UNIQUE =
      """
      select exists (
        select from pg_index i
        where i.indrelid = to_regclass(?) and i.indisunique and i.indisvalid and i.indimmediate
          and i.indpred is null
          and (select array_agg(a.attname::text order by a.attname)
               from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey))
              = (select array_agg(c order by c) from unnest(?::text[]) c))
      """;

  private static final String PRIVILEGES =
      "select bool_and(has_table_privilege(to_regclass(?), p)) from unnest(?::text[]) p";

  /** What the table lacks, in words; empty when it can do its work. */
  public List<String> missing(Connection connection, String table) throws SQLException {
    if (!holds(connection, EXISTS, table, List.of())) {
      return List.of("the table itself");
    }
    List<String> missing = new ArrayList<>(missingColumns(connection, table));
    if (!holds(connection, UNIQUE, table, unique)) {
      missing.add(
          "a primary key or unique index over exactly (%s)".formatted(String.join(", ", unique)));
    }
    if (!holds(connection, PRIVILEGES, table, privileges)) {
      missing.add(
          "the privileges %s for the connection's user".formatted(String.join(", ", privileges)));
    }
    return missing;
  }

  private List<String> missingColumns(Connection connection, String table) throws SQLException {
    Map<String, String> found = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(COLUMNS)) {
      query.setString(1, table);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return columns.entrySet().stream()
        .filter(column -> !column.getValue().equals(found.get(column.getKey())))
        .map(column -> "the column %s of type %s".formatted(column.getKey(), column.getValue()))
        .sorted()
        .toList();
  }

  private static boolean holds(
      Connection connection, String question, String table, List<String> names)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(question)) {
      query.setString(1, table);
      if (!names.isEmpty()) {
        Array array = connection.createArrayOf("text", names.toArray());
        query.setArray(2, array);
      }
      try (ResultSet answer = query.executeQuery()) {
        answer.next();
        return answer.getBoolean(1);
      }
    }
  }
}
