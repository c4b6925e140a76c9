package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.http.IdempotencySchema;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.jobs.JobSchema;
import dev.outbox.idempotency.token.TokenSchema;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.documents.CodeBlock;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxTable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Runs the SQL of each document from top to bottom, as superuser, in a database of its own with the
 * libraries' tables and what the document's {@link Preambles preamble} makes.
 */
@WithLocalStack
class SqlBlocksTest {

  /** With the libraries' tables; to copy it is quicker than to migrate again. */
  private String template = "";

  @BeforeEach
  void migrate(PostgresServer server) {
    template = server.createDatabase("template");
    migrate(server, template);
  }

  @Test
  void everyStatementRuns(PostgresServer server) throws SQLException {
    Map<String, List<CodeBlock>> byDocument =
        CodeBlock.all().stream()
            .filter(block -> block.language().equals("sql"))
            .collect(Collectors.groupingBy(CodeBlock::document));
    List<String> problems = new ArrayList<>();
    for (Map.Entry<String, List<CodeBlock>> document : byDocument.entrySet()) {
      problems.addAll(problems(server, document.getKey(), document.getValue()));
    }
    assertThat(problems).isEmpty();
    assertThat(byDocument).hasSizeGreaterThan(4);
  }

  @Test
  void whatDoesNotExistIsFound(PostgresServer server) throws SQLException {
    CodeBlock wrong = new CodeBlock("docs/none.md", 1, "sql", "select amount from outbox_event;");
    CodeBlock right = new CodeBlock("docs/none.md", 2, "sql", "create role r; select 1;");
    assertThat(problems(server, "docs/none.md", List.of(wrong, right)))
        .singleElement()
        .asString()
        .contains("docs/none.md:1", "amount");
    // What a document makes for the whole server is gone for the next one.
    assertThat(problems(server, "docs/none.md", List.of(right))).isEmpty();
  }

  private List<String> problems(PostgresServer server, String document, List<CodeBlock> blocks)
      throws SQLException {
    Set<String> before = roles(server);
    String database = server.createDatabase("docs");
    execute(server, "drop database " + database);
    execute(server, "create database %s template %s".formatted(database, template));
    List<String> problems = new ArrayList<>();
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(Preambles.sql(document));
      for (CodeBlock block : blocks) {
        try {
          statement.execute(block.text());
        } catch (SQLException e) {
          problems.add(block.place() + ": " + e.getMessage());
        }
      }
    }
    remove(server, database, before);
    return problems;
  }

  private static void migrate(PostgresServer server, String database) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(server.jdbcUrl(database));
    dataSource.setUser(server.username());
    dataSource.setPassword(server.password());
    OutboxSchema.of(OutboxTable.DEFAULT).migrate(dataSource);
    InboxSchema.migrate(dataSource);
    JobSchema.migrate(dataSource);
    TokenSchema.migrate(dataSource);
    IdempotencySchema.migrate(dataSource);
  }

  private static void remove(PostgresServer server, String database, Set<String> rolesBefore)
      throws SQLException {
    Set<String> made = roles(server);
    made.removeAll(rolesBefore);
    execute(server, "drop database " + database);
    for (String role : made) {
      execute(server, "drop role \"" + role + "\"");
    }
  }

  private static void execute(PostgresServer server, String sql) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Set<String> roles(PostgresServer server) throws SQLException {
    Set<String> roles = new TreeSet<>();
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("select rolname from pg_roles")) {
      while (found.next()) {
        roles.add(found.getString(1));
      }
    }
    return roles;
  }
}
