package dev.outbox.relay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnippetsTest {

  private static final Path TESTS = Path.of("src/test/java/dev/outbox/relay");

  @ParameterizedTest
  @CsvSource({"migrating.md, migration, 4", "monitoring.md, tracing, 1"})
  void everyJavaSnippetStandsInCodeThatTheTestsRun(String document, String tests, int atLeast)
      throws IOException {
    List<String> code;
    try (Stream<Path> files = Files.list(TESTS.resolve(tests))) {
      code = files.map(SnippetsTest::read).toList();
    }

    Path path = Documents.root().resolve("docs").resolve(document);
    assertThat(CodeBlock.in(path).stream().filter(block -> block.language().equals("java")))
        .map(CodeBlock::text)
        .hasSizeGreaterThanOrEqualTo(atLeast)
        .allSatisfy(
            snippet ->
                assertThat(code)
                    .as(snippet)
                    .anyMatch(file -> file.contains(withoutSpace(snippet))));
  }

  private static String read(Path file) {
    try {
      return withoutSpace(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s", "");
  }
}
