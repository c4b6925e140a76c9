package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JavaBlocksTest {

  /** Their blocks stand word for word in code that other modules run; the tests compare them. */
  private static final Map<String, String> HELD_BY =
      Map.of(
          "docs/writing-events.md", "DocumentationTest",
          "docs/migrating.md", "SnippetsTest",
          "docs/monitoring.md", "SnippetsTest");

  @Test
  void everyJavaBlockCompiles() {
    List<CodeBlock> blocks =
        CodeBlock.all().stream()
            .filter(block -> block.language().equals("java"))
            .filter(block -> !HELD_BY.containsKey(block.document()))
            .toList();
    assertThat(JavaSnippets.problems(blocks))
        .as("what blocks take for granted stands in " + Preambles.class.getSimpleName())
        .isEmpty();
    assertThat(blocks).hasSizeGreaterThan(20);
  }

  @Test
  void whoHoldsTheOthersNamesThem() {
    HELD_BY.forEach(
        (document, test) ->
            assertThat(Documents.testSources())
                .as(document)
                .filteredOn(file -> file.endsWith(test + ".java"))
                .singleElement()
                .extracting(Documents::read)
                .asString()
                .contains(document.replace("docs/", "")));
  }

  @Test
  void whatDoesNotExistIsFound() {
    CodeBlock unknown = new CodeBlock("docs/none.md", 7, "java", "connection.comit();\n");
    CodeBlock method =
        new CodeBlock("docs/none.md", 9, "java", "@Transactional void f() { undefined(); }\n");
    CodeBlock right =
        new CodeBlock("docs/none.md", 11, "java", "@Transactional void f() { }\nint i = 2;\n");
    assertThat(JavaSnippets.problems(List.of(unknown, method, right)))
        .hasSize(2)
        .anySatisfy(problem -> assertThat(problem).contains("docs/none.md:7", "comit"))
        .anySatisfy(problem -> assertThat(problem).contains("docs/none.md:9", "undefined"));
  }
}
