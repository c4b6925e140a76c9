package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The table of events that were set aside; there may be none. */
final class ParkedEvents {

  static final String PARKED = "parked";
  static final String DISCARDED = "discarded";

  private static final String TABLE = "outbox_parked";

  private final TableName table;

  ParkedEvents(RelaySettings settings) {
    this.table = settings.tableName().sibling(TABLE);
  }

  TableName table() {
    return table;
  }

  boolean exist(JdbcClient sql) {
    return sql.sql("select to_regclass(:table) is not null")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }
}
