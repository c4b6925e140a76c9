package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.LogSlot.Message;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The log as medium, judged by what a replication slot delivers. */
@WithLocalStack
class LogOutboxTest {

  private static final OutboxEvent PLACED =
      OutboxEvent.of("Order", "42", "OrderPlaced", "{\"total\":10}");

  private final JdbcOutbox outbox = JdbcOutbox.withLog("outbox_event");
  private TestDatabase database;
  private LogSlot slot;

  @BeforeEach
  void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.roles().grantWithMessages();
    slot = LogSlot.create(database);
  }

  @AfterEach
  void dropSlot() throws SQLException {
    slot.close();
  }

  @Test
  void aCommittedEventIsDeliveredAsGivenAndTheTableStaysEmpty() throws SQLException {
    OutboxEvent event =
        OutboxEvent.of("Order", "ä\"\n\\42", "OrderPlaced", new byte[] {0, -1, '\n', 'x'}, "a/x")
            .withHeader("tenant", "acme\nü")
            .withHeader("a", "");

    List<AppendResult> results = appendAndCommit(List.of(event));

    assertThat(results).containsExactly(new AppendResult(event.id(), true));
    assertThat(slot.messages())
        .extracting(Message::head, Message::payload)
        .containsExactly(
            tuple(
                "{\"outbox\" : \"public.outbox_event\", \"id\" : \""
                    + event.id()
                    + "\", \"aggregatetype\" : \"Order\", \"aggregateid\" : \"ä\\\"\\n\\\\42\","
                    + " \"type\" : \"OrderPlaced\", \"headers\" : {\"content-type\":\"a/x\","
                    + "\"tenant\":\"acme\\u000aü\",\"a\":\"\"}}",
                "00ff0a78"));
    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  @Test
  void aRolledBackTransactionDeliversNothing() throws SQLException {
    try (Connection connection = database.begin()) {
      assertThat(outbox.writer(connection).append(PLACED).appended()).isTrue();
      connection.rollback();
    }
    appendAndCommit(List.of(PLACED));

    assertThat(slot.messages()).hasSize(1);
  }

  @Test
  void tombstonesAndEmptyPayloadsAreDifferentThings() throws SQLException {
    appendAndCommit(
        List.of(
            OutboxEvent.tombstone("Order", "42", "OrderErased"),
            OutboxEvent.of("Order", "42", "OrderTouched", "")));

    assertThat(slot.messages()).extracting(Message::payload).containsExactly("none", "");
  }

  @Test
  void manyEventsAreWrittenByOneStatementInListOrder() throws SQLException {
    List<OutboxEvent> events =
        IntStream.range(0, 5_000)
            .mapToObj(i -> OutboxEvent.of("Order", "order-" + i, "OrderPlaced", "" + i))
            .toList();

    assertThat(appendAndCommit(events)).allMatch(AppendResult::appended);

    assertThat(slot.messages())
        .extracting(Message::payload)
        .isEqualTo(
            events.stream().map(e -> HexFormat.of().formatHex(e.payload().orElseThrow())).toList());
  }

  @Test
  void ofADuplicateWithinOneListTheFirstIsWritten() throws SQLException {
    OutboxEvent first = OutboxEvent.of("Order", "42", "OrderPlaced", "1");
    OutboxEvent second = OutboxEvent.of("Order", "42", "OrderPlaced", "2").withId(first.id());

    List<AppendResult> results = appendAndCommit(List.of(PLACED, first, second, PLACED));

    assertThat(results)
        .extracting(AppendResult::appended)
        .containsExactly(true, true, false, false);
    assertThat(slot.messages()).hasSize(2).element(1).returns("31", Message::payload);
  }

  @Test
  void theAddressIsTheTableThatTheSearchPathFindsWithItsSchema() throws SQLException {
    OutboxTable table = OutboxTable.named("Event \"Log\"; --?").inSchema("Sales & Co's");
    database.migrate(table);
    database.roles().grantWithMessages();

    try (Connection connection = database.begin()) {
      JdbcOutbox.withLog(table).writer(connection).append(PLACED);
      connection.createStatement().execute("set search_path = \"Sales & Co's\"");
      JdbcOutbox.withLog(table.name()).writer(connection).append(PLACED);
      connection.commit();
    }

    assertThat(slot.messages())
        .hasSize(2)
        .allSatisfy(
            message ->
                assertThat(message.head())
                    .startsWith("{\"outbox\" : \"Sales & Co's.Event \\\"Log\\\"; --?\", "));
  }

  @Test
  void aMissingTableIsRefusedAndNothingIsWritten() throws SQLException {
    JdbcOutbox elsewhere = JdbcOutbox.withLog("elsewhere");
    try (Connection connection = database.begin()) {
      assertThatThrownBy(() -> elsewhere.writer(connection).append(PLACED))
          .isInstanceOfSatisfying(
              AppendException.class,
              e -> assertThat(e.sqlException().getSQLState()).isEqualTo("42P01"))
          .hasMessageContaining("log for outbox table elsewhere (SQLState 42P01)");
    }
    assertThatThrownBy(() -> OutboxSchema.of(elsewhere).check(database.dataSource()))
        .isInstanceOf(OutboxSchemaException.class)
        .hasMessageContaining("The outbox table elsewhere does not exist");
    assertThat(slot.messages()).isEmpty();
  }

  @Test
  void autoCommitAndReadOnlyAreRefusedAndNothingIsWritten() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> outbox.writer(connection).append(PLACED))
          .isInstanceOf(NoTransactionException.class)
          .hasMessageContaining("Cannot append to the log for outbox table outbox_event");
    }
    try (Connection connection = database.begin()) {
      connection.setReadOnly(true);
      assertThatThrownBy(() -> outbox.writer(connection).append(PLACED))
          .isInstanceOf(ReadOnlyTransactionException.class);
    }
    try (Connection connection = database.begin()) {
      // The driver does not know of this one, and the server lets messages pass.
      connection.createStatement().execute("set transaction read only");
      assertThatThrownBy(() -> outbox.writer(connection).append(PLACED))
          .isInstanceOf(ReadOnlyTransactionException.class)
          .hasMessageContaining("the transaction is read-only");
      connection.commit();
    }
    assertThat(slot.messages()).isEmpty();
  }

  @Test
  void aUserWithoutPrivilegesOnTheTableMayWrite() throws SQLException {
    database.execute("revoke all on outbox_event from " + database.roles().service().role());

    try (Connection connection = database.dataSource().getConnection()) {
      OutboxSchema.of(outbox).check(connection);
      connection.setAutoCommit(false);
      outbox.writer(connection).append(PLACED);
      connection.commit();
    }

    assertThat(slot.messages()).hasSize(1);
  }

  @Test
  void aServerThatDoesNotLogLogicallyIsRefusedAtStartAndAtAppend() throws SQLException {
    try (LocalPostgres server = LocalPostgres.builder().setting("wal_level", "replica").start()) {
      TestDatabase other = TestDatabase.withOutbox(server);
      other.roles().grantWithMessages();

      assertThatThrownBy(() -> OutboxSchema.of(outbox).check(other.dataSource()))
          .isInstanceOf(WalLevelException.class)
          .hasMessageContaining("the server runs with wal_level=replica")
          .hasMessageContaining("Set wal_level=logical");
      try (Connection connection = other.begin()) {
        List<String> before = transactionNumber(connection);
        assertThatThrownBy(() -> outbox.writer(connection).append(PLACED))
            .isInstanceOf(WalLevelException.class);
        assertThat(transactionNumber(connection)).isEqualTo(before);
        connection.commit();
      }
    }
  }

  /** Only a transaction that has written something has a number. */
  private static List<String> transactionNumber(Connection connection) throws SQLException {
    return TestDatabase.rows(connection, "select pg_current_xact_id_if_assigned()");
  }

  private List<AppendResult> appendAndCommit(List<OutboxEvent> events) throws SQLException {
    try (Connection connection = database.begin()) {
      List<AppendResult> results = outbox.writer(connection).append(events);
      connection.commit();
      return results;
    }
  }
}
