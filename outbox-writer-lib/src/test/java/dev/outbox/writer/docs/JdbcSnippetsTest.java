package dev.outbox.writer.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.EventSerializer;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.json.JsonSerializer;
import dev.outbox.writer.test.AppendedEvents;
import dev.outbox.writer.test.RecordingOutbox;
import dev.outbox.writer.tracing.OpenTelemetryTraceContext;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What {@code docs/writing-events.md} shows without Spring. */
@WithLocalStack
class JdbcSnippetsTest {

  private final EventSerializer<Object> json = new JsonSerializer(JsonMapper.shared());

  @Test
  void anEventIsAppendedOnTheCallersConnection(PostgresServer server) throws SQLException {
    TestDatabase database = TestDatabase.empty(server);
    DataSource dataSource = database.owner();
    String orderId = "42";
    String json = "{}";

    OutboxSchema.of(OutboxTable.DEFAULT)
        .migrate(dataSource); // once at start, or apply the SQL by hand
    JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");

    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      // … business change on this connection …
      outbox.writer(connection).append(OutboxEvent.of("Order", orderId, "OrderPlaced", json));
      connection.commit();
    }

    assertThat(database.rows("select aggregateid from outbox_event")).containsExactly("42");
  }

  @Test
  void headersComeFromTheirSources(PostgresServer server) throws SQLException {
    TestDatabase database = TestDatabase.withOutbox(server);
    database.letServiceRead();

    JdbcOutbox outbox =
        JdbcOutbox.withTable("outbox_event")
            .withHeadersFrom(new OpenTelemetryTraceContext())
            .withHeadersFrom(event -> Map.of("tenant", currentTenant()));

    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));

      AppendedEvents.ofCurrentTransaction(connection, OutboxTable.DEFAULT)
          .assertOne("OrderPlaced")
          .hasHeader("tenant", "acme");
    }
  }

  private static String currentTenant() {
    return "acme";
  }

  @Test
  void theLogIsAMediumToo(PostgresServer server) throws SQLException {
    TestDatabase database = TestDatabase.withOutbox(server);
    database.roles().grantWithMessages();
    database.letServiceRead();

    JdbcOutbox outbox = JdbcOutbox.withLog("outbox_event"); // Spring: outbox.writer.medium=log

    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
      AppendedEvents.inTable(connection, OutboxTable.DEFAULT).assertNone();
    }
  }

  @Test
  void aSerializerMakesThePayload() {
    Order order = new Order("42", 1999);

    EventSerializer<Object> json = new JsonSerializer(JsonMapper.shared());
    OutboxEvent placed = OutboxEvent.of("Order", order.id(), "OrderPlaced", order, json);

    assertThat(placed.headers()).containsEntry("content-type", "application/json");
  }

  @Test
  void aRecordingStandsInForTheWriter() {
    OrderRepository orders = order -> {};

    RecordingOutbox outbox = new RecordingOutbox();
    new Orders(orders, outbox, json).place(new Order("42", 1999));
    outbox
        .appended()
        .assertOnly()
        .hasType("OrderPlaced")
        .hasAggregate("Order", "42")
        .hasContentType("application/json")
        .hasPayload("{\"id\":\"42\",\"cents\":1999}");
  }
}
