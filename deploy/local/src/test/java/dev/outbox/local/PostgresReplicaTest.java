package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
@Tag("slow")
class PostgresReplicaTest {

  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 18})
  void aReplicaStreamsAndTakesThePlaceOfAKilledPrimary(int version) throws SQLException {
    try (LocalPostgres primary = LocalPostgres.builder().version(version).start()) {
      // Given a replica made while the primary has data
      String database = primary.createDatabase("orders");
      Sql.execute(primary, database, "create table item(n int); insert into item values (1)");
      try (PostgresReplica replica = primary.replica().start()) {
        assertThat(Sql.query(replica, database, "show server_version"))
            .startsWith(String.valueOf(version));
        // When the primary writes more, also while the replica is away
        Sql.execute(primary, database, "insert into item values (2)");
        replica.kill();
        Sql.execute(primary, database, "insert into item values (4)");
        replica.start();
        replica.awaitCaughtUp();
        // Then the replica has it all, and takes no writes
        assertThat(Sql.query(replica, database, "select sum(n) from item")).isEqualTo("7");
        assertThatThrownBy(() -> Sql.execute(replica, database, "insert into item values (8)"))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("read-only");
        // Until it is promoted
        primary.kill();
        replica.promote();
        Sql.execute(replica, database, "insert into item values (8)");
        assertThat(Sql.query(replica, database, "select sum(n) from item")).isEqualTo("15");
        assertThat(
                Sql.query(
                    replica, database, "select left(pg_walfile_name(pg_current_wal_lsn()), 8)"))
            .isEqualTo("00000002");
        // And stays what it is
        replica.stop();
        replica.start();
        assertThat(Sql.query(replica, database, "select pg_is_in_recovery()")).isEqualTo("f");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {17, 18})
  void aLogicalSlotMadeWithFailoverIsThereAfterThePromotion(int version) throws Exception {
    try (LocalPostgres primary = LocalPostgres.builder().version(version).start();
        PostgresReplica replica = primary.replica().failoverSlots().start()) {
      Sql.execute(primary, "postgres", "create table item(n int)");
      Sql.execute(
          primary,
          "postgres",
          "select pg_create_logical_replication_slot('relay', 'test_decoding', failover => true)");
      Sql.execute(primary, "postgres", "insert into item values (1)");

      AtomicBoolean confirming = new AtomicBoolean(true);
      Thread client = new Thread(() -> confirm(primary, confirming));
      client.start();
      replica.awaitFailoverSlot("relay");
      confirming.set(false);
      client.join();
      Sql.execute(primary, "postgres", "insert into item values (2)");
      replica.awaitCaughtUp();
      primary.kill();
      replica.promote();

      assertThat(
              Sql.query(
                  replica,
                  "postgres",
                  """
                  select string_agg(data, ' ') from pg_logical_slot_get_changes('relay', null, null)
                  where data like '%INSERT%'
                  """))
          .endsWith("[integer]:2");
      assertThat(Sql.query(replica, "postgres", "show synchronized_standby_slots")).isEmpty();
    }
  }

  private static void confirm(PostgresServer server, AtomicBoolean confirming) {
    try {
      while (confirming.get()) {
        Sql.query(
            server,
            "postgres",
            "select count(*) from pg_logical_slot_get_changes('relay', null, null)");
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {17, 18})
  void aLogicalClientGetsNothingThatTheReplicaLacks(int version) throws SQLException {
    try (LocalPostgres primary = LocalPostgres.builder().version(version).start();
        PostgresReplica replica = primary.replica().failoverSlots().start()) {
      Sql.execute(primary, "postgres", "create table item(n int)");
      Sql.execute(
          primary,
          "postgres",
          "select pg_create_logical_replication_slot('relay', 'test_decoding', failover => true)");
      replica.kill();
      Sql.execute(primary, "postgres", "insert into item values (1)");
      String changes = "select count(*) > 0 from pg_logical_slot_get_changes('relay', null, null)";

      assertThatThrownBy(
              () -> Sql.execute(primary, "postgres", "set statement_timeout = '2s'; " + changes))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("statement timeout");

      replica.start();
      assertThat(Sql.query(primary, "postgres", changes)).isEqualTo("t");
    }
  }

  @Test
  void olderServersDoNotSynchroniseSlots() {
    try (LocalPostgres primary = LocalPostgres.builder().version(16).build()) {
      assertThatThrownBy(() -> primary.replica().failoverSlots())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("PostgreSQL 16");
    }
  }
}
