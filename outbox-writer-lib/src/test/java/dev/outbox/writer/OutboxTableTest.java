package dev.outbox.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class OutboxTableTest {

  @Test
  void theDefaultIsOutboxEventInTheConnectionsSchema() {
    assertThat(OutboxTable.DEFAULT).isEqualTo(OutboxTable.named("outbox_event"));
    assertThat(OutboxTable.DEFAULT).hasToString("outbox_event");
  }

  @Test
  void namesCannotLeaveTheirQuotes() {
    assertThat(OutboxTable.named("a\"; drop table b; --").inSchema("Größe").quoted())
        .isEqualTo("\"Größe\".\"a\"\"; drop table b; --\"");
  }

  @Test
  void aSchemaInTheTablesNameIsRefusedWithTheRemedy() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxTable.named("sales.outbox_event"))
        .withMessage("table 'sales.outbox_event' contains a dot; give schema and table separately");
  }

  @Test
  void namesThatPostgresWouldCutOffOrCannotHoldAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxTable.named("ü".repeat(32)))
        .withMessageContaining("has 64 bytes; PostgreSQL's identifiers have at most 63");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxTable.DEFAULT.inSchema(" "))
        .withMessage("schema must not be blank");
    assertThatIllegalArgumentException().isThrownBy(() -> OutboxTable.named("a\0"));
  }
}
