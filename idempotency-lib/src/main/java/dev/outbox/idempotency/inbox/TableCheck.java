package dev.outbox.idempotency.inbox;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether a table beside the markers can do its work.
 *
 * @param table where it is
 * @param columns what it must have
 * @param unique the columns of its primary key or unique index, in alphabetical order
 * @param privileges what the connection's user must be granted, as PostgreSQL names it
 */
record TableCheck(
    InboxTable table, List<String> columns, List<String> unique, List<String> privileges) {

  private static final String FINDINGS =
      """
      with t as (select to_regclass(?::text) as oid)
      select
        t.oid is not null,
        array(
          select c from unnest(?::text[]) c
          where not exists (
            select from pg_attribute a
            where a.attrelid = t.oid and a.attname = c and not a.attisdropped)),
        exists (
          select from pg_index i
          where i.indrelid = t.oid and i.indisunique and i.indisvalid and i.indpred is null
            and (select array_agg(a.attname::text order by a.attname)
                 from pg_attribute a
                 where a.attrelid = i.indrelid and a.attnum = any (i.indkey)) = ?::text[]),
        array(
          select p from unnest(?::text[]) p
          where not coalesce(has_table_privilege(t.oid, p), false))
      from t
      """;

  static TableCheck positions(InboxTable markers) {
    return new TableCheck(
        markers.positions(),
        List.of("consumer", "topic", "partition", "source", "position", "partitions", "updated_at"),
        List.of("consumer", "partition", "source", "topic"),
        List.of("SELECT", "INSERT", "UPDATE"));
  }

  /**
   * @throws InboxSchemaException naming everything that is missing, and how to add it
   */
  void run(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(FINDINGS)) {
      query.setString(1, table.quoted());
      query.setArray(2, connection.createArrayOf("text", columns.toArray()));
      query.setArray(3, connection.createArrayOf("text", unique.toArray()));
      query.setArray(4, connection.createArrayOf("text", privileges.toArray()));
      try (ResultSet findings = query.executeQuery()) {
        findings.next();
        report(missing(findings));
      }
    }
  }

  private List<String> missing(ResultSet findings) throws SQLException {
    if (!findings.getBoolean(1)) {
      return List.of("the table itself");
    }
    List<String> missing = new ArrayList<>();
    texts(findings.getArray(2)).forEach(column -> missing.add("the column " + column));
    if (!findings.getBoolean(3)) {
      missing.add(
          "a primary key or unique index over exactly (%s)".formatted(String.join(", ", unique)));
    }
    texts(findings.getArray(4)).forEach(privilege -> missing.add("the privilege " + privilege));
    return missing;
  }

  private static List<String> texts(Array array) throws SQLException {
    return List.of((String[]) array.getArray());
  }

  private void report(List<String> missing) {
    if (!missing.isEmpty()) {
      throw new InboxSchemaException(
          "The table %s lacks: %s. Call InboxSchema.migrate(dataSource, table) (with Spring:"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " outbox.inbox.migrate=true), or run docs/sql/%s.sql by hand."
                  .formatted(table.name()));
    }
  }
}
