package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class JdbcOutboxTest {

  private static final OutboxEvent PLACED =
      OutboxEvent.of("Order", "42", "OrderPlaced", "{\"total\":10}");

  private final JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
  private TestDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer server) {
    database = TestDatabase.withOutbox(server);
  }

  @Test
  void aCommittedEventIsThereAsGiven() throws SQLException {
    OutboxEvent event =
        OutboxEvent.of("Order", "42", "OrderPlaced", new byte[] {0, -1, 'x'}, "application/x")
            .withHeader("tenant", "acme");

    appendAndCommit(List.of(event));

    assertThat(
            database.rows(
                "select id, aggregatetype, aggregateid, type, payload, headers from outbox_event"))
        .containsExactly(
            event.id()
                + "|Order|42|OrderPlaced|\\x00ff78"
                + "|{\"content-type\":\"application/x\",\"tenant\":\"acme\"}");
    assertThat(
            database.rows(
                "select seq, created_at between now() - interval '1 minute' and now() from outbox_event"))
        .containsExactly("1|t");
  }

  @Test
  void aRolledBackTransactionLeavesNeitherBusinessChangeNorEvent() throws SQLException {
    database.execute("create table purchase (id int)");

    try (Connection connection = database.begin()) {
      connection.createStatement().execute("insert into purchase values (1)");
      AppendResult result = outbox.writer(connection).append(PLACED);
      assertThat(result.appended()).isTrue();
      connection.rollback();
    }

    assertThat(database.rows("select 1 from purchase")).isEmpty();
    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  @Test
  void anEventIsNotVisibleBeforeTheCallersCommit() throws SQLException {
    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(PLACED);
      assertThat(database.rows("select 1 from outbox_event")).isEmpty();
      connection.commit();
    }

    assertThat(database.rows("select 1 from outbox_event")).hasSize(1);
  }

  @Test
  void aConnectionInAutoCommitModeIsRefusedAndNothingIsWritten() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      OutboxWriter writer = outbox.writer(connection);

      assertThatThrownBy(() -> writer.append(PLACED))
          .isInstanceOf(NoTransactionException.class)
          .hasMessage(
              "Cannot append to the outbox table outbox_event: the connection is in auto-commit"
                  + " mode, so the event would be committed without the business change. Call"
                  + " connection.setAutoCommit(false) before the business change and"
                  + " connection.commit() after the append.");
      assertThatThrownBy(() -> writer.append(List.of())).isInstanceOf(NoTransactionException.class);
    }

    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  @Test
  void aReadOnlyConnectionIsRefusedAndItsTransactionStaysUsable() throws SQLException {
    try (Connection connection = database.begin()) {
      connection.setReadOnly(true);

      assertThatThrownBy(() -> outbox.writer(connection).append(PLACED))
          .isInstanceOf(ReadOnlyTransactionException.class)
          .hasMessageContaining("Begin the transaction as read-write");

      assertThat(TestDatabase.rows(connection, "select 1")).containsExactly("1");
    }
  }

  @Test
  void manyEventsAreWrittenByOneStatementInListOrder() throws SQLException {
    // The IDs fall, so that only the list's order can explain the order of seq.
    List<OutboxEvent> events =
        new ArrayList<>(
            IntStream.range(0, 5_000)
                .mapToObj(i -> OutboxEvent.of("Order", "order-" + i, "OrderPlaced", "{}"))
                .toList());
    List<UUID> ids = new ArrayList<>(events.stream().map(OutboxEvent::id).toList());
    Collections.reverse(ids);
    for (int i = 0; i < events.size(); i++) {
      events.set(i, events.get(i).withId(ids.get(i)));
    }

    List<AppendResult> results = appendAndCommit(events);

    assertThat(results).allMatch(AppendResult::appended);
    assertThat(results).extracting(AppendResult::eventId).isEqualTo(ids);
    assertThat(database.rows("select id from outbox_event order by seq"))
        .isEqualTo(ids.stream().map(UUID::toString).toList());
    // cmin is the number of the command within its transaction.
    assertThat(database.rows("select distinct cmin from outbox_event")).hasSize(1);
  }

  @Test
  void listsOfAllLengthsShareOneServerSidePreparedStatement() throws SQLException {
    try (Connection connection = database.begin()) {
      OutboxWriter writer = outbox.writer(connection);
      for (int length = 1; length <= 20; length++) {
        writer.append(
            IntStream.range(0, length)
                .mapToObj(i -> OutboxEvent.tombstone("Order", "42", "OrderErased"))
                .toList());
      }

      assertThat(
              TestDatabase.rows(
                  connection,
                  "select count(*), sum(generic_plans + custom_plans) >= 10"
                      + " from pg_prepared_statements where statement like 'insert into%'"))
          .containsExactly("1|t");
    }
  }

  @Test
  void noEventsAreWrittenWithoutAStatement() throws SQLException {
    assertThat(appendAndCommit(List.of())).isEmpty();
  }

  @Test
  void aDuplicateIsReportedNothingIsWrittenAndTheTransactionGoesOn() throws SQLException {
    OutboxEvent captured =
        OutboxEvent.of("Payment", "123", "Captured", "{\"try\":1}").withBusinessKey("payment-123");
    appendAndCommit(List.of(captured));

    try (Connection connection = database.begin()) {
      OutboxEvent again =
          OutboxEvent.of("Payment", "123", "Captured", "{\"try\":2}")
              .withBusinessKey("payment-123");
      AppendResult result = outbox.writer(connection).append(again);

      assertThat(result.duplicate()).isTrue();
      assertThat(result.eventId()).isEqualTo(captured.id());
      assertThat(outbox.writer(connection).append(PLACED).appended()).isTrue();
      connection.commit();
    }

    assertThat(database.rows("select convert_from(payload, 'UTF8') from outbox_event order by seq"))
        .containsExactly("{\"try\":1}", "{\"total\":10}");
  }

  @Test
  void ofADuplicateWithinOneListTheFirstIsWritten() throws SQLException {
    OutboxEvent first = OutboxEvent.of("Order", "42", "OrderPlaced", "1");
    OutboxEvent second = OutboxEvent.of("Order", "42", "OrderPlaced", "2").withId(first.id());

    List<AppendResult> results = appendAndCommit(List.of(PLACED, first, second, PLACED));

    assertThat(results)
        .extracting(AppendResult::appended)
        .containsExactly(true, true, false, false);
    assertThat(database.rows("select convert_from(payload, 'UTF8') from outbox_event order by seq"))
        .containsExactly("{\"total\":10}", "1");
  }

  @Test
  void tombstonesAndEmptyPayloadsAreDifferentThings() throws SQLException {
    appendAndCommit(
        List.of(
            PLACED,
            OutboxEvent.tombstone("Order", "42", "OrderErased"),
            OutboxEvent.of("Order", "42", "OrderTouched", "")));

    assertThat(
            database.rows(
                "select payload is null, octet_length(payload) from outbox_event order by seq"))
        .containsExactly("f|12", "t|null", "f|0");
  }

  @Test
  void anEventWithoutHeadersHasNullForThem() throws SQLException {
    appendAndCommit(List.of(PLACED));

    assertThat(database.rows("select headers is null from outbox_event")).containsExactly("t");
  }

  @Test
  void oddStringsComeBackFromPostgresAsTheyWereGiven() throws SQLException {
    database.letServiceRead();
    String controls =
        IntStream.rangeClosed(1, 0x9F)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    for (String odd :
        List.of(
            controls,
            "\"",
            "\\",
            "\\\"",
            "\\u0041",
            "{\"a\":1}",
            "{a,b}",
            "NULL",
            "\u2028",
            "🛒",
            "\uFFFF",
            "'; drop table outbox_event; --")) {
      assertComesBack("x" + odd);
    }
  }

  @Test
  void anyStringThatHasAUtf8FormComesBackFromPostgresAsGiven() throws SQLException {
    database.letServiceRead();
    Random random = new Random(20_260_101);
    for (int i = 0; i < 200; i++) {
      StringBuilder any = new StringBuilder("x");
      for (int length = random.nextInt(30); length > 0; length--) {
        int bound = random.nextBoolean() ? 0x80 : Character.MAX_CODE_POINT;
        int codePoint = 1 + random.nextInt(bound);
        if (Character.getType(codePoint) != Character.SURROGATE) {
          any.appendCodePoint(codePoint);
        }
      }
      assertComesBack(any.toString());
    }
  }

  /** The parser of PostgreSQL's json type judges the encoder, which shares no code with it. */
  private void assertComesBack(String odd) throws SQLException {
    try (Connection connection = database.begin()) {
      outbox
          .writer(connection)
          .append(OutboxEvent.of(odd, odd, odd, "{}").withHeader(odd, odd).withHeader("b", ""));

      try (var statement =
              connection.prepareStatement(
                  """
                  select aggregatetype, aggregateid, type, key, value
                  from outbox_event, json_each_text(headers::json) where value <> ''""");
          var row = statement.executeQuery()) {
        assertThat(row.next()).isTrue();
        for (int column = 1; column <= 5; column++) {
          assertThat(row.getString(column)).isEqualTo(odd);
        }
      }
      connection.rollback();
    }
  }

  @Test
  void aTableOfAnotherNameAndSchemaIsWrittenAlsoWhenItNeedsQuoting() throws SQLException {
    OutboxTable table = OutboxTable.named("Event \"Log\"; --?").inSchema("Sales & Co's");
    database.migrate(table);

    try (Connection connection = database.begin()) {
      JdbcOutbox.withTable(table).writer(connection).append(PLACED);
      connection.commit();
    }

    assertThat(database.rows("select id from \"Sales & Co's\".\"Event \"\"Log\"\"; --?\""))
        .containsExactly(PLACED.id().toString());
    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  @Test
  void aRefusalOfTheDatabaseCarriesItsSqlStateAndNamesTheTable() throws SQLException {
    try (Connection connection = database.begin()) {
      OutboxWriter writer = JdbcOutbox.withTable("elsewhere").writer(connection);

      assertThatThrownBy(() -> writer.append(PLACED))
          .isInstanceOfSatisfying(
              AppendException.class,
              e -> assertThat(e.sqlException().getSQLState()).isEqualTo("42P01"))
          .hasMessageContaining("outbox table elsewhere (SQLState 42P01)");
    }
  }

  private List<AppendResult> appendAndCommit(List<OutboxEvent> events) throws SQLException {
    try (Connection connection = database.begin()) {
      List<AppendResult> results = outbox.writer(connection).append(events);
      connection.commit();
      return results;
    }
  }
}
