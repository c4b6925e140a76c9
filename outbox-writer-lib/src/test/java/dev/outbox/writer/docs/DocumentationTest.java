package dev.outbox.writer.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DocumentationTest {

  private static final Path DOCUMENT = Path.of("../docs/writing-events.md");
  private static final Path TESTS = Path.of("src/test/java/dev/outbox/writer");
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @Test
  void everyJavaSnippetStandsInCodeThatTheTestsRun() throws IOException {
    List<String> code = testCode();

    assertThat(snippets())
        .hasSizeGreaterThan(10)
        .allSatisfy(
            snippet ->
                assertThat(code)
                    .as(snippet)
                    .anyMatch(file -> file.contains(withoutSpace(snippet))));
  }

  private static List<String> snippets() throws IOException {
    return SNIPPET
        .matcher(Files.readString(DOCUMENT))
        .results()
        .map(result -> result.group(1))
        .toList();
  }

  private static List<String> testCode() throws IOException {
    try (Stream<Path> files =
        Stream.concat(Files.list(TESTS.resolve("docs")), Files.list(TESTS.resolve("avro")))) {
      return files.map(DocumentationTest::read).map(DocumentationTest::withoutSpace).toList();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s", "");
  }
}
