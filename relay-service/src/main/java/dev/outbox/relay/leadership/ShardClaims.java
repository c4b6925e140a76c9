package dev.outbox.relay.leadership;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * How the instances of a relay tell each other who looks after which shard: by shared advisory
 * locks of the source database. They go with the connection of an instance that is killed, and need
 * no table. They only share out the work: that no two instances publish is up to slot, lease and
 * fence. For one thread.
 */
public final class ShardClaims {

  /** Of the lock that says that the instance is there; those of the shards are their numbers. */
  private static final int PRESENCE = 0;

  /** Of the lock that says that the instance publishes all that it has. */
  private static final int SETTLED = 1_000;

  private static final String LOCKS =
      """
      select l.pid, l.objid::bigint, l.pid = pg_backend_pid(),
        coalesce(a.state_change > clock_timestamp() - interval '5 seconds', true)
      from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.objsubid = 2
        and l.classid::bigint = :relay
        and l.database = (select oid from pg_database where datname = current_database())
      """;

  private final DatabaseSession session;
  private final int relay;

  /**
   * @param session a connection of this instance's own, looked at several times a second: an
   *     instance whose connection was silent for five seconds counts as gone
   */
  public ShardClaims(DatabaseSession session, RelaySettings settings) {
    this.session = session;
    // While the number of shards changes, some instances know the new one and some the old one.
    this.relay =
        (settings.table() + "/" + settings.relayName() + "/" + settings.shards()).hashCode()
            & Integer.MAX_VALUE;
  }

  /**
   * An instance, as it can be seen by all.
   *
   * @param process the server process of its connection, which tells instances apart
   * @param self whether it is this one
   * @param present whether it asks for its share of the shards
   * @param settled whether it publishes all of the shards that it looks after
   * @param claims the shards that it looks after, or is about to
   */
  public record Member(
      int process, boolean self, boolean present, boolean settled, Set<Integer> claims) {
    public Member {
      claims = Set.copyOf(claims);
    }
  }

  /**
   * Tells what this instance does, and learns it of the others that are alive.
   *
   * @param present whether this instance asks for its share
   * @param settled whether it publishes all of its shards
   * @param claims its shards
   * @return all of them, this one first
   * @throws dev.outbox.relay.failure.RelayException when the database cannot be asked
   */
  public List<Member> exchange(boolean present, boolean settled, Set<Integer> claims) {
    return session.call(sql -> exchange(sql, present, settled, claims));
  }

  private List<Member> exchange(
      JdbcClient sql, boolean present, boolean settled, Set<Integer> claims) {
    Map<Integer, Set<Integer>> locks = new HashMap<>();
    Set<Integer> held = new HashSet<>();
    sql.sql(LOCKS)
        .param("relay", relay)
        .query(
            row -> {
              if (row.getBoolean(3)) {
                held.add(row.getInt(2));
              } else if (row.getBoolean(4)) {
                locks.computeIfAbsent(row.getInt(1), process -> new HashSet<>()).add(row.getInt(2));
              }
            });
    Set<Integer> wanted = new HashSet<>(claims);
    if (present) {
      wanted.add(PRESENCE);
    }
    if (settled) {
      wanted.add(SETTLED);
    }
    for (int lock : wanted) {
      if (!held.contains(lock)) {
        change(sql, "select pg_try_advisory_lock_shared(:relay, :lock)", lock);
      }
    }
    for (int lock : held) {
      if (!wanted.contains(lock)) {
        change(sql, "select pg_advisory_unlock_shared(:relay, :lock)", lock);
      }
    }
    List<Member> members = new ArrayList<>();
    int process = sql.sql("select pg_backend_pid()").query(Integer.class).single();
    members.add(new Member(process, true, present, settled, claims));
    locks.forEach((other, its) -> members.add(member(other, its)));
    return members;
  }

  private void change(JdbcClient sql, String statement, int lock) {
    sql.sql(statement).param("relay", relay).param("lock", lock).query().listOfRows();
  }

  private static Member member(int process, Set<Integer> locks) {
    boolean present = locks.remove(PRESENCE);
    boolean settled = locks.remove(SETTLED);
    return new Member(process, false, present, settled, locks);
  }
}
