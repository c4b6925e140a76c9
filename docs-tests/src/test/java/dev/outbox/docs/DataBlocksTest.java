package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Blocks that are neither code nor script, and that there are no others. */
class DataBlocksTest {

  /** A language, and what is wrong with a block of it. */
  private static final Map<String, Function<CodeBlock, Optional<String>>> CHECKS =
      Map.of(
          "http", HttpMessages::problem,
          "json", DataBlocksTest::json,
          "properties", DataBlocksTest::properties,
          "text", DataBlocksTest::text,
          "xml", MavenArtifacts::problem,
          "yaml", DataBlocksTest::yaml,
          "helm", DataBlocksTest::template);

  private static final Set<String> HELD_ELSEWHERE = Set.of("java", "sql", "bash", "console");

  private static final Pattern COMMAND =
      Pattern.compile("(?m)^(\\$ )?(bash|mvn|java|relay|curl|docker|kubectl|helm|export) .*");

  @Test
  void everyBlockSaysWhatItIsAndIsRight() {
    List<String> problems = new ArrayList<>();
    for (CodeBlock block : CodeBlock.all()) {
      if (!HELD_ELSEWHERE.contains(block.language())) {
        problem(block).ifPresent(problem -> problems.add(block.place() + ": " + problem));
      }
    }
    assertThat(problems).isEmpty();
  }

  @Test
  void whatIsWrongIsFound() {
    assertThat(problem(block("", "bash deploy/demo"))).isPresent();
    assertThat(problem(block("text", "bash deploy/demo"))).isPresent();
    assertThat(problem(block("json", "{\"a\": }"))).isPresent();
    assertThat(problem(block("properties", "outbox.jobs.enable=true"))).isPresent();
    assertThat(problem(block("yaml", "outbox:\n  jobs:\n    enable: true"))).isPresent();
    assertThat(problem(block("yaml", "a: [1"))).isPresent();
    assertThat(problem(block("http", "GETS /"))).isPresent();
    assertThat(
            problem(
                block(
                    "xml",
                    "<dependency><groupId>dev.outbox</groupId><artifactId>writer</artifactId>"
                        + "</dependency>")))
        .isPresent();
    assertThat(problem(block("helm", "{{ .Values.none }}"))).isPresent();
  }

  private static CodeBlock block(String language, String text) {
    return new CodeBlock("docs/none.md", 1, language, text + "\n");
  }

  private static Optional<String> problem(CodeBlock block) {
    Function<CodeBlock, Optional<String>> check = CHECKS.get(block.language());
    return check == null
        ? Optional.of(
            "nobody checks the language '%s'. Use one of %s, %s; 'text' is for what is neither typed"
                    .formatted(block.language(), HELD_ELSEWHERE, CHECKS.keySet())
                + " nor read by a program")
        : check.apply(block);
  }

  private static Optional<String> json(CodeBlock block) {
    try {
      JsonMapper.shared().readTree(block.text());
      return Optional.empty();
    } catch (JacksonException e) {
      return Optional.of(e.toString());
    }
  }

  private static Optional<String> text(CodeBlock block) {
    return COMMAND
        .matcher(block.text())
        .results()
        .findFirst()
        .map(command -> "is a command, so the block is 'bash' or 'console': " + command.group());
  }

  private static Optional<String> properties(CodeBlock block) {
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(block.text()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return KnownSettings.problem(properties.stringPropertyNames());
  }

  private static Optional<String> yaml(CodeBlock block) {
    try {
      return KnownSettings.problem(names("", new Yaml().load(block.text())).toList());
    } catch (RuntimeException e) {
      return Optional.of(e.toString());
    }
  }

  private static Stream<String> names(String prefix, Object node) {
    if (node instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .flatMap(
              entry ->
                  names(prefix + (prefix.isEmpty() ? "" : ".") + entry.getKey(), entry.getValue()));
    }
    return Stream.of(prefix);
  }

  /** Of a chart: its lines stand in those of deploy/kubernetes, which tests render. */
  private static Optional<String> template(CodeBlock block) {
    Set<String> lines =
        Documents.files(".yaml").stream()
            .filter(file -> Documents.name(file).startsWith("deploy/kubernetes/"))
            .flatMap(file -> Documents.read(file).lines())
            .map(String::strip)
            .collect(Collectors.toSet());
    return block
        .text()
        .lines()
        .filter(line -> !lines.contains(line.strip()))
        .findFirst()
        .map(line -> "stands in no chart of deploy/kubernetes: " + line);
  }
}
