package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.Division.Member;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What is remembered in the source database, beside each shard's slot, of the number of shards and
 * of a change of it.
 */
final class ShardRecord {

  private final RelaySettings settings;
  private final String name;
  private final TableName table;

  /**
   * @param settings of the outbox, or of a shard where one is meant
   */
  ShardRecord(RelaySettings settings) {
    this.settings = settings;
    this.name = settings.name();
    this.table = new RelayRecord(settings).table();
  }

  /** How the outbox is divided; the names of shards are those that their slots end with, too. */
  Division division(JdbcClient sql) {
    if (!exists(sql)) {
      return new Division(List.of());
    }
    // By way of JSON, so that a table of an earlier version has no changes instead of an error.
    return new Division(
        sql.sql(
                """
                select name, epoch, to_jsonb(r) ->> 'marker' is not null
                    and to_jsonb(r) ->> 'begins_behind' is null,
                  to_jsonb(r) ->> 'ends_at' is not null, to_jsonb(r) ->> 'ended_at' is not null,
                  coalesce(to_jsonb(r) ->> 'ends_at', to_jsonb(r) ->> 'marker') is null
                from %s r
                where name = :relay or (left(name, length(:relay) + 1) = :relay || '-'
                  and substr(name, length(:relay) + 2) ~ '^[0-9]{1,2}of[0-9]{1,2}$'
                  and slot ~ '_[0-9]{1,2}of[0-9]{1,2}$')
                order by name
                """
                    .formatted(table.quoted()))
            .param("relay", settings.relayName())
            .query(
                (row, number) ->
                    new Member(
                        row.getString(1),
                        row.getInt(2),
                        row.getBoolean(3),
                        row.getBoolean(4),
                        row.getBoolean(5),
                        row.getBoolean(6)))
            .list());
  }

  private boolean exists(JdbcClient sql) {
    return sql.sql("select to_regclass(:table) is not null")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  /**
   * The outbox is divided as the settings say: events of an aggregate that another slot has read
   * and not published yet would be overtaken.
   *
   * @throws RelayException when it is divided otherwise
   */
  void requireSameShards(JdbcClient sql) {
    int now = division(sql).now().orElse(settings.shards());
    if (now != settings.shards()) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The outbox of relay '%s' is in %s, and outbox.relay.shards is %d."
              .formatted(settings.relayName(), shards(now), settings.shards()),
          "Set outbox.relay.shards=%d; the command 'shards' changes the number.".formatted(now));
    }
  }

  private static String shards(int count) {
    return count == 1 ? "one piece" : count + " shards";
  }

  /**
   * Has shards end at a marker.
   *
   * @param names theirs
   */
  void endAt(JdbcClient sql, String marker, List<String> names) {
    sql.sql("update %s set ends_at = :marker where name in (:names)".formatted(table.quoted()))
        .param("marker", marker)
        .param("names", names)
        .update();
  }

  /** Shards that will publish nothing any more, or have not begun and never will. */
  void giveUp(JdbcClient sql, List<String> names) {
    sql.sql(
            "update %s set ended_at = coalesce(ended_at, now()) where name in (:names)"
                .formatted(table.quoted()))
        .param("names", names)
        .update();
  }

  /** Nothing is left of this shard; what has its slot's name from now on is somebody else's. */
  void clear(JdbcClient sql) {
    sql.sql(
            "update %s set marker = null, begins_behind = null, ends_at = null where name = :name"
                .formatted(table.quoted()))
        .param("name", name)
        .update();
  }

  /**
   * What is written to the log now stands before the marker at which this shard ends, if there will
   * be one; in a transaction, which keeps a marker from being announced until it is over.
   *
   * @throws RelayException when a marker is announced
   */
  void requireNoEnd(JdbcClient sql) {
    boolean ends =
        sql.sql(
                """
                select coalesce(to_jsonb(r) ->> 'ends_at', to_jsonb(r) ->> 'ended_at') is not null
                from %s r where name = :name for share
                """
                    .formatted(table.quoted()))
            .param("name", name)
            .query(Boolean.class)
            .optional()
            .orElse(false);
    if (ends) {
      throw new RelayException(
          Stage.OPERATIONS,
          "The number of shards is being changed, and shard '%s' ends.".formatted(name),
          "Ask again when 'shards' shows the new number.");
    }
  }

  /** This shard has published everything up to the marker; whether this run is the newest. */
  boolean end(JdbcClient sql, long run) {
    return sql.sql(
                "update %s set ended_at = now() where name = :name and runs = :run"
                    .formatted(table.quoted()))
            .param("name", name)
            .param("run", run)
            .update()
        == 1;
  }

  /** This shard has found the marker that it begins behind; whether this run is the newest. */
  boolean beginBehind(JdbcClient sql, long run, SourcePosition marker) {
    return sql.sql(
                "update %s set begins_behind = :marker where name = :name and runs = :run"
                    .formatted(table.quoted()))
            .param("marker", marker.asText())
            .param("name", name)
            .param("run", run)
            .update()
        == 1;
  }
}
