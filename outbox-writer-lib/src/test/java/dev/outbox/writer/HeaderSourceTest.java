package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class HeaderSourceTest {

  private static final OutboxEvent PLACED = OutboxEvent.of("Order", "42", "OrderPlaced", "{}");

  private static TestDatabase database;

  @BeforeAll
  static void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.roles().grantWithMessages();
    database.letServiceRead();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("truncate outbox_event");
  }

  @Test
  void headersOfTheCallerWinAndEarlierSourcesWinOverLaterOnes() throws SQLException {
    JdbcOutbox outbox =
        JdbcOutbox.withTable("outbox_event")
            .withHeadersFrom(event -> Map.of("a", "first", "b", "first"))
            .withHeadersFrom(event -> Map.of("b", "second", "c", "second"));

    append(outbox, PLACED.withHeader("a", "caller"));

    assertThat(database.rows("select headers from outbox_event"))
        .containsExactly("{\"a\":\"caller\",\"b\":\"first\",\"c\":\"second\"}");
  }

  @Test
  void eachEventOfAListIsAskedForAndALaterSourceSeesWhatIsThere() throws SQLException {
    AtomicInteger number = new AtomicInteger();
    JdbcOutbox outbox =
        JdbcOutbox.withTable("outbox_event")
            .withHeadersFrom(event -> Map.of("n", "" + number.incrementAndGet()))
            .withHeadersFrom(event -> Map.of("copy", "of " + event.headers().get("n")));

    append(outbox, PLACED, OutboxEvent.of("Order", "43", "OrderPlaced", "{}"));

    assertThat(database.rows("select headers from outbox_event order by seq"))
        .containsExactly("{\"n\":\"1\",\"copy\":\"of 1\"}", "{\"n\":\"2\",\"copy\":\"of 2\"}");
  }

  @Test
  void aSourceGivenTwiceIsAskedOnce() throws SQLException {
    AtomicInteger asked = new AtomicInteger();
    HeaderSource source = event -> Map.of("n", "" + asked.incrementAndGet());

    append(
        JdbcOutbox.withTable("outbox_event").withHeadersFrom(source).withHeadersFrom(source),
        PLACED);

    assertThat(asked).hasValue(1);
  }

  @Test
  void sourcesWorkForTheLogToo() throws SQLException {
    try (LogSlot slot = LogSlot.create(database)) {
      append(
          JdbcOutbox.withLog("outbox_event").withHeadersFrom(event -> Map.of("tenant", "acme")),
          PLACED);

      assertThat(slot.messages())
          .singleElement()
          .satisfies(
              message ->
                  assertThat(message.head()).contains("\"headers\" : {\"tenant\":\"acme\"}"));
    }
  }

  @Test
  void aFailingSourceFailsTheAppendAndLeavesTheTransactionUsable() throws SQLException {
    JdbcOutbox outbox =
        JdbcOutbox.withTable("outbox_event")
            .withHeadersFrom(
                event -> {
                  throw new IllegalStateException("no tenant");
                });

    try (Connection connection = database.begin()) {
      assertThatThrownBy(() -> outbox.writer(connection).append(PLACED)).hasMessage("no tenant");

      assertThat(TestDatabase.rows(connection, "select count(*) from outbox_event"))
          .containsExactly("0");
    }
  }

  @Test
  void aSourceMayNotWriteTheRelaysHeaders() throws SQLException {
    JdbcOutbox outbox =
        JdbcOutbox.withTable("outbox_event").withHeadersFrom(event -> Map.of("ce_id", "1"));

    try (Connection connection = database.begin()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> outbox.writer(connection).append(PLACED))
          .withMessageStartingWith("header 'ce_id' is written by the relay");
    }
  }

  private void append(JdbcOutbox outbox, OutboxEvent... events) throws SQLException {
    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(List.of(events));
      connection.commit();
    }
  }
}
