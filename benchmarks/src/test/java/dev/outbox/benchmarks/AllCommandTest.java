package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.outbox.benchmarks.AllCommand.Question;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AllCommandTest {

  @Test
  void everyQuestionThatNeedsServersIsAskedOnce() {
    Set<String> commands = new HashSet<>(Benchmarks.commandLine().getSubcommands().keySet());
    commands.removeAll(Set.of("all", "inside"));
    assertThat(AllCommand.QUESTIONS)
        .extracting(Question::name)
        .containsExactlyInAnyOrderElementsOf(commands);
  }

  @Test
  void everyQuestionUnderstandsItsOptions() {
    List<String> debeziumServer = List.of("--debezium-server", "directory", "--java", "java");
    for (Question question : AllCommand.QUESTIONS) {
      String[] arguments = question.arguments(debeziumServer, true);
      assertThatCode(() -> Benchmarks.commandLine().parseArgs(arguments))
          .as(question.name())
          .doesNotThrowAnyException();
    }
  }
}
