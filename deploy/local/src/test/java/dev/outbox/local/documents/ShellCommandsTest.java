package dev.outbox.local.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShellCommandsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          a b                          | [[a, b]]
          a 'b c' "d e"f --g="h i"     | [[a, b c, d ef, --g=h i]]
          a  # b                       | [[a]]
          a#b                          | [[a#b]]
          a && b; c & d                | [[a], [b], [c], [d]]
          a > file 2 < other b         | [[a, 2, b]]
          A=b C= d e                   | [[d, e]]
          export A=b                   | [[export, A=b]]
          source <(a b)                | [[a, b], [source, <(a b)]]
          """)
  void commandsAreTheirWords(String script, String commands) {
    assertThat(ShellCommands.in(script)).hasToString(commands);
  }

  @Test
  void linesArePutTogetherAndApart() {
    assertThat(ShellCommands.in("a \\\n  b | c\n\n# d\ne"))
        .containsExactly(List.of("a", "b"), List.of("c"), List.of("e"));
  }

  @Test
  void ofASessionOnlyWhatIsTypedCounts() {
    CodeBlock session = new CodeBlock("a.md", 1, "console", "$ relay status\nstate  Leading\n");
    assertThat(ShellCommands.in(session.script())).containsExactly(List.of("relay", "status"));
  }
}
