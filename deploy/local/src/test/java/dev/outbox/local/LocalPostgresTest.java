package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Execution(ExecutionMode.CONCURRENT)
class LocalPostgresTest {

  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 18})
  void everySupportedVersionStartsReadyForLogicalReplication(int version) throws SQLException {
    try (LocalPostgres server = LocalPostgres.builder().version(version).start()) {
      assertThat(Sql.query(server, "postgres", "select version()"))
          .startsWith("PostgreSQL " + version + ".");
      assertThat(Sql.query(server, "postgres", "show wal_level")).isEqualTo("logical");
      assertThat(Sql.query(server, "postgres", "show fsync")).isEqualTo("on");
    }
  }

  @Test
  void stoppingOrKillingKeepsThePortAndWhatWasCommitted() throws SQLException {
    try (LocalPostgres server = LocalPostgres.builder().start()) {
      int port = server.port();
      String database = server.createDatabase("orders");
      Sql.execute(server, database, "create table item(n int); insert into item values (1)");

      server.stop();
      assertThatThrownBy(() -> server.connect(database)).isInstanceOf(SQLException.class);
      server.start();
      Sql.execute(server, database, "insert into item values (2)");

      server.kill();
      assertThatThrownBy(() -> server.connect(database)).isInstanceOf(SQLException.class);
      server.start();
      Sql.execute(server, database, "insert into item values (3)");

      server.stopImmediately();
      assertThatThrownBy(() -> server.connect(database)).isInstanceOf(SQLException.class);
      server.stopImmediately();
      server.start();

      assertThat(Sql.query(server, database, "select sum(n) from item")).isEqualTo("6");
      assertThat(server.port()).isEqualTo(port);
    }
  }

  @Test
  void aWrongPasswordIsRefused() {
    try (LocalPostgres server = LocalPostgres.builder().start()) {
      assertThatThrownBy(
              () ->
                  DriverManager.getConnection(
                      server.jdbcUrl("postgres"), server.username(), "wrong"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }
  }

  @Test
  void aSettingReplacesTheDefault() throws SQLException {
    try (LocalPostgres server = LocalPostgres.builder().setting("wal_level", "replica").start()) {
      assertThat(Sql.query(server, "postgres", "show wal_level")).isEqualTo("replica");
    }
  }

  @Test
  void aNamedDataDirectoryOutlivesTheServer(@TempDir Path directory) throws SQLException {
    String database;
    try (LocalPostgres server = LocalPostgres.builder().dataDirectory(directory).start()) {
      database = server.createDatabase("kept");
    }
    try (LocalPostgres server = LocalPostgres.builder().dataDirectory(directory).start()) {
      assertThat(Sql.query(server, database, "select current_database()")).isEqualTo(database);
    }
  }

  @Test
  void aSettingThatTheServerRefusesIsReportedInItsOwnWords() {
    assertThatThrownBy(() -> LocalPostgres.builder().setting("wal_level", "much").start())
        .isInstanceOf(LocalStackException.class)
        .hasMessageContaining("invalid value for parameter \"wal_level\": \"much\"");
  }

  @Test
  void aVersionThatIsNotSupportedIsRefusedByName() {
    assertThatThrownBy(() -> LocalPostgres.builder().version(14))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("version = 14");
  }
}
