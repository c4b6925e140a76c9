package dev.outbox.idempotency.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.SchemaDescription;
import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TestRole;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

@WithLocalStack
class TokenSchemaTest {

  private static final Path PUBLISHED = Path.of("..", "docs", "sql", "one_time_token.sql");

  private final PostgresServer postgres;
  private final TestDatabase database;

  TokenSchemaTest(PostgresServer postgres) {
    this.postgres = postgres;
    this.database = TestDatabase.ofOwner(postgres);
  }

  @Test
  void flywayAndThePublishedSqlMakeTheSameTable() throws SQLException, IOException {
    // Given
    TestDatabase byHand = TestDatabase.ofOwner(postgres);

    // When
    TokenSchema.migrate(database.dataSource());
    byHand.execute(Files.readString(PUBLISHED));

    // Then
    assertThat(SchemaDescription.of(byHand, "one_time_token"))
        .hasSizeGreaterThan(7)
        .isEqualTo(SchemaDescription.of(database, "one_time_token"));
    assertThatCode(() -> TokenSchema.check(byHand.dataSource())).doesNotThrowAnyException();
    assertThat(database.query("select version from outbox_token_schema_history order by version"))
        .containsExactly("1");
  }

  @Test
  void checkNamesWhatIsMissingAndTheRemedy() throws SQLException {
    assertThatThrownBy(() -> TokenSchema.check(database.dataSource()))
        .isInstanceOf(TokenSchemaException.class)
        .hasMessageContaining("\"one_time_token\" lacks: the table itself")
        .hasMessageContaining("TokenSchema.migrate")
        .hasMessageContaining("docs/sql/one_time_token.sql");
    database.execute("create table one_time_token (hash text, subject text, purpose varchar(9))");
    assertThatThrownBy(() -> TokenSchema.check(database.dataSource()))
        .hasMessageContaining("the column hash of type bytea")
        .hasMessageContaining("the column expires_at")
        .hasMessageContaining("unique index over exactly (hash)")
        .hasMessageNotContaining("the column purpose");
  }

  @Test
  void checkNamesMissingPrivileges() throws SQLException {
    // Given
    TokenSchema.migrate(database.dataSource());
    TestDatabase asReader = TestRole.with("select", "one_time_token", database);

    // Then
    assertThatThrownBy(() -> TokenSchema.check(asReader.dataSource()))
        .hasMessageContaining("lacks: the privileges SELECT, INSERT, UPDATE, DELETE");
  }
}
