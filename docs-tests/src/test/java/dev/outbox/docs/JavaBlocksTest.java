package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import java.util.List;
import org.junit.jupiter.api.Test;

class JavaBlocksTest {

  /** Its blocks stand word for word in code that this module's test compares, and runs. */
  private static final String HELD_BY_DOCUMENTATION_TEST = "docs/writing-events.md";

  @Test
  void everyJavaBlockCompiles() {
    List<CodeBlock> blocks =
        CodeBlock.all().stream()
            .filter(block -> block.language().equals("java"))
            .filter(block -> !block.document().equals(HELD_BY_DOCUMENTATION_TEST))
            .toList();
    assertThat(JavaSnippets.problems(blocks))
        .as("what blocks take for granted stands in " + Preambles.class.getSimpleName())
        .isEmpty();
    assertThat(blocks).hasSizeGreaterThan(20);
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
