package dev.outbox.writer.avro;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.EventSerializationException;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.test.AppendedEvents;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.SchemaStore;
import org.junit.jupiter.api.Test;

@WithLocalStack
class AvroExampleTest {

  private static final Schema V1 =
      SchemaBuilder.record("OrderPlaced")
          .namespace("shop")
          .fields()
          .requiredString("orderId")
          .requiredLong("cents")
          .endRecord();

  private static final Schema V2 =
      SchemaBuilder.record("OrderPlaced")
          .namespace("shop")
          .fields()
          .requiredString("orderId")
          .requiredLong("cents")
          .name("currency")
          .type()
          .stringType()
          .stringDefault("EUR")
          .endRecord();

  @Test
  void aConsumerWithANewerSchemaReadsWhatStandsInTheTable(PostgresServer server)
      throws SQLException, IOException {
    // Given
    TestDatabase database = TestDatabase.withOutbox(server);
    database.letServiceRead();
    JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
    AvroSerializer avro = new AvroSerializer(V1);

    // When
    GenericRecord placed =
        new GenericRecordBuilder(V1).set("orderId", "42").set("cents", 1999L).build();
    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(OutboxEvent.of("Order", "42", "OrderPlaced", placed, avro));
      connection.commit();
    }

    // Then
    OutboxEvent written = stored(database);
    assertThat(written.headers()).containsEntry("content-type", "application/avro");
    GenericRecord read = decoder().decode(written.payload().orElseThrow());
    assertThat(read).hasToString("{\"orderId\": \"42\", \"cents\": 1999, \"currency\": \"EUR\"}");
  }

  @Test
  void aRecordThatDoesNotFitTheSchemaWritesNothing() {
    GenericRecord incomplete = new GenericData.Record(V1);

    assertThatExceptionOfType(EventSerializationException.class)
        .isThrownBy(
            () -> OutboxEvent.of("Order", "42", "OrderPlaced", incomplete, new AvroSerializer(V1)));
  }

  /** What a consumer has: its own schema, and those that writers may have used. */
  private static BinaryMessageDecoder<GenericRecord> decoder() {
    SchemaStore.Cache writers = new SchemaStore.Cache();
    writers.addSchema(V1);
    return new BinaryMessageDecoder<>(GenericData.get(), V2, writers);
  }

  private static OutboxEvent stored(TestDatabase database) throws SQLException {
    try (Connection connection = database.begin()) {
      return AppendedEvents.inTable(connection, OutboxTable.DEFAULT).assertOnly().event();
    }
  }
}
