package dev.outbox.writer.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class AppendedEventsTest {

  private static final OutboxTable TABLE = OutboxTable.DEFAULT;

  private final JdbcOutbox outbox = JdbcOutbox.withTable(TABLE);
  private TestDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.roles().grantWithMessages();
    database.letServiceRead();
  }

  @Test
  void eventsComeBackFromTheTableAsTheyWereAppended() throws SQLException {
    List<OutboxEvent> events =
        List.of(
            OutboxEvent.of("Order", "ü", "OrderPlaced", "{}")
                .withHeader("z", "\"1\"")
                .withHeader("a", ""),
            OutboxEvent.of("Order", "ü", "OrderPaid", new byte[] {0, -1}, "application/x"),
            OutboxEvent.tombstone("Order", "ü", "OrderErased"));

    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(events);

      assertThat(AppendedEvents.inTable(connection, TABLE).events()).isEqualTo(events);
      assertThat(AppendedEvents.inTable(connection, TABLE).events().get(0).headers().keySet())
          .containsExactly("z", "a");
    }
  }

  @Test
  void theCurrentTransactionsEventsAreThoseItHasAppendedItself() throws SQLException {
    append("Before");
    try (Connection connection = database.begin()) {
      OutboxWriter writer = outbox.writer(connection);
      AppendedEvents.ofCurrentTransaction(connection, TABLE).assertNone();

      writer.append(event("One"));
      append("Meanwhile");
      Savepoint kept = connection.setSavepoint();
      writer.append(event("Two"));
      connection.releaseSavepoint(kept);
      Savepoint undone = connection.setSavepoint();
      writer.append(event("Undone"));
      connection.rollback(undone);
      connection.setSavepoint();
      writer.append(event("Three"));

      AppendedEvents.ofCurrentTransaction(connection, TABLE).assertTypes("One", "Two", "Three");
      AppendedEvents.inTable(connection, TABLE)
          .assertTypes("Before", "One", "Meanwhile", "Two", "Three");
      connection.commit();
      AppendedEvents.ofCurrentTransaction(connection, TABLE).assertNone();
    }
  }

  @Test
  void aRecordingInFrontOfARealWriterKeepsWhatThatHasAccepted() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      RecordingOutbox recording =
          RecordingOutbox.inFrontOf(JdbcOutbox.withLog(TABLE).writer(connection));
      assertThatExceptionOfType(NoTransactionException.class)
          .isThrownBy(() -> recording.append(event("Refused")));
      recording.appended().assertNone();

      connection.setAutoCommit(false);
      OutboxEvent placed = event("OrderPlaced");
      recording.append(List.of(placed, placed));
      recording.appended().assertOnly().hasType("OrderPlaced");
    }
  }

  private void append(String type) throws SQLException {
    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(event(type));
      connection.commit();
    }
  }

  private static OutboxEvent event(String type) {
    return OutboxEvent.of("Order", "42", type, "{}");
  }
}
