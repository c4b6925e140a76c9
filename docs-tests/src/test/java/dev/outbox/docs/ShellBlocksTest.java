package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.ShellCommands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShellBlocksTest {

  @Test
  void everyScriptIsOneAndKnowsItsPrograms() throws Exception {
    List<CodeBlock> scripts = CodeBlock.all().stream().filter(CodeBlock::isShell).toList();
    List<String> problems = new ArrayList<>();
    for (CodeBlock script : scripts) {
      problems.addAll(problems(script));
    }
    assertThat(problems).isEmpty();
    assertThat(scripts).hasSizeGreaterThan(20);
  }

  @Test
  void whatDoesNotExistIsFound() throws Exception {
    assertThat(problems(bash("mvn verify -Doutbox.test.engine=pgoutput"))).hasSize(1);
    assertThat(problems(bash("mvn verify -Dit.test=ChaosIt"))).hasSize(1);
    assertThat(problems(bash("mvn -pl relay verify"))).hasSize(1);
    assertThat(problems(bash("bash deploy/demonstration"))).hasSize(1);
    assertThat(problems(bash("bash benchmarks/run drain --event 3"))).hasSize(1);
    assertThat(problems(bash("export OUTBOX_RELAY_DATABASE_URI=x"))).hasSize(1);
    assertThat(problems(bash("docker build -f deploy/docker/relais/Dockerfile ."))).hasSize(1);
    assertThat(problems(bash("terraform apply"))).hasSize(1);
    assertThat(problems(bash("if true; then"))).hasSize(1);
  }

  private static CodeBlock bash(String script) {
    return new CodeBlock("docs/none.md", 1, "bash", script + "\n");
  }

  private static List<String> problems(CodeBlock block) throws Exception {
    String syntax = syntaxError(block.script());
    if (!syntax.isEmpty()) {
      return List.of(block.place() + ": " + syntax);
    }
    List<String> problems = new ArrayList<>();
    for (List<String> command : ShellCommands.in(block.script())) {
      ShellPrograms.problem(command)
          .ifPresent(problem -> problems.add(block.place() + ": " + problem));
    }
    return problems;
  }

  private static String syntaxError(String script) throws IOException, InterruptedException {
    Process bash = new ProcessBuilder("bash", "-n").redirectErrorStream(true).start();
    try (var input = bash.getOutputStream()) {
      input.write(script.getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return bash.waitFor() == 0 ? "" : output;
  }
}
