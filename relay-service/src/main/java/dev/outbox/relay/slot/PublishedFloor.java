package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import java.util.Optional;
import java.util.OptionalLong;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Up to where rows and positions are dealt with for good. Thread-safe. */
public final class PublishedFloor {

  private final String name;
  private final TableName table;

  /** Nothing is looked at yet. */
  public PublishedFloor(RelaySettings settings) {
    this.name = settings.name();
    this.table = new RelayRecord(settings).table();
  }

  /**
   * The relay's checkpoint: no row with this number or a lower one will ever have to be published
   * from the table.
   *
   * @return empty before the first checkpoint
   */
  public OptionalLong seq(JdbcClient sql) {
    // By way of JSON, so that a table of an earlier version has no checkpoint instead of an error.
    return sql
        .sql(
            "select (to_jsonb(r) ->> 'floor')::bigint from %s r where r.name = :name"
                .formatted(table.quoted()))
        .param("name", name)
        .query(
            (row, number) -> {
              long seq = row.getLong(1);
              return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(seq);
            })
        .stream()
        .findFirst()
        .orElse(OptionalLong.empty());
  }

  /**
   * A text beyond all {@code outbox-position} texts that the slot will not deliver again, and
   * before all others.
   *
   * @return empty when there is no slot
   */
  public Optional<String> positions(JdbcClient sql) {
    return sql.sql(
            """
            select lpad(to_hex(r.epoch), 8, '0') || '-'
              || lpad(to_hex((s.confirmed_flush_lsn - '0/0')::bigint), 16, '0') || '-'
            from %s r join pg_replication_slots s on s.slot_name = r.slot
            where r.name = :name and s.confirmed_flush_lsn is not null
            """
                .formatted(table.quoted()))
        .param("name", name)
        .query(String.class)
        .optional();
  }
}
