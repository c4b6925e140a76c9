package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class TenantOutboxTest {

  private static final OutboxTable ACME = OutboxTable.DEFAULT.inSchema("acme");
  private static final OutboxTable GLOBEX = OutboxTable.DEFAULT.inSchema("globex");

  private static TestDatabase database;
  private String tenant = "acme";
  private final TenantOutbox outbox =
      TenantOutbox.of(() -> OutboxTable.DEFAULT.inSchema(tenant), Medium.TABLE);

  @BeforeAll
  static void createDatabase(PostgresServer server) {
    database = TestDatabase.empty(server);
    database.migrate(ACME);
    database.migrate(GLOBEX);
    database.roles().grantWithMessages();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("truncate acme.outbox_event, globex.outbox_event");
  }

  @Test
  void eachAppendGoesToTheTableOfTheTenantOfThatMoment() throws SQLException {
    try (Connection connection = database.begin()) {
      OutboxWriter writer = outbox.writer(connection);
      writer.append(placed("1"));
      tenant = "globex";
      writer.append(placed("2"));
      connection.commit();
    }

    assertThat(database.rows("select aggregateid from acme.outbox_event")).containsExactly("1");
    assertThat(database.rows("select aggregateid from globex.outbox_event")).containsExactly("2");
  }

  @Test
  void withoutTheTenantsTableTheErrorNamesIt() throws SQLException {
    tenant = "initech";

    try (Connection connection = database.begin()) {
      assertThatThrownBy(() -> outbox.writer(connection).append(placed("1")))
          .isInstanceOf(AppendException.class)
          .hasMessageContaining("outbox table initech.outbox_event (SQLState 42P01)");
    }
  }

  @Test
  void aTenantsNameIsNeverSql() throws SQLException {
    tenant = "acme\".outbox_event; drop table acme";

    assertThatThrownBy(() -> outbox.writer(database.begin()).append(placed("1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contains a dot");
  }

  @Test
  @SuppressWarnings("NullAway") // what resolvers without a null checker do
  void withoutATenantNothingIsWrittenAndTheErrorSaysSo() throws SQLException {
    TenantOutbox nobodys = TenantOutbox.of(() -> null, Medium.TABLE);

    try (Connection connection = database.begin()) {
      assertThatIllegalStateException()
          .isThrownBy(() -> nobodys.writer(connection).append(placed("1")))
          .withMessageContaining("gave no table. Set the tenant before the append");
    }
  }

  @Test
  void withoutATransactionATenantsEventIsRefused() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> outbox.writer(connection).append(placed("1")))
          .isInstanceOf(NoTransactionException.class)
          .hasMessageContaining("outbox table acme.outbox_event");
    }
  }

  @Test
  void theLogAddressesTheRelayOfTheTenantsTable() throws SQLException {
    try (LogSlot slot = LogSlot.create(database);
        Connection connection = database.begin()) {
      tenant = "globex";
      TenantOutbox.of(() -> OutboxTable.DEFAULT.inSchema(tenant), Medium.LOG)
          .withHeadersFrom(event -> Map.of("tenant", tenant))
          .writer(connection)
          .append(placed("1"));
      connection.commit();

      assertThat(slot.messages())
          .singleElement()
          .satisfies(
              message ->
                  assertThat(message.head())
                      .contains("\"outbox\" : \"globex.outbox_event\"")
                      .contains("{\"tenant\":\"globex\"}"));
    }
  }

  /** What Hibernate's schema strategy and many tenant-aware pools do. */
  @Test
  void aConnectionWhoseSearchPathIsTheTenantsNeedsNoResolver() throws SQLException {
    JdbcOutbox ofSearchPath = JdbcOutbox.withTable("outbox_event");

    try (Connection connection = database.begin()) {
      // Several times, so that the driver's server-side prepared statement meets both schemas.
      for (int i = 0; i < 7; i++) {
        connection.setSchema("acme");
        ofSearchPath.writer(connection).append(placed("1"));
        connection.setSchema("globex");
        ofSearchPath.writer(connection).append(placed("2"));
      }
      connection.commit();
    }

    assertThat(
            database.rows(
                "select distinct aggregateid, count(*) from acme.outbox_event group by 1"))
        .containsExactly("1|7");
    assertThat(
            database.rows(
                "select distinct aggregateid, count(*) from globex.outbox_event group by 1"))
        .containsExactly("2|7");
  }

  private static OutboxEvent placed(String id) {
    return OutboxEvent.of("Order", id, "OrderPlaced", "{}");
  }
}
