package dev.outbox.relay.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.outbox.relay.command.RelayCommand.SpringArguments;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** What the help promises. */
class CommandModelTest {

  private static final Pattern WORD = Pattern.compile("[^\\s\"]*\"[^\"]*\"|\\S+");
  private static final Pattern SHELL = Pattern.compile("source <\\((.*)\\)|([^>]*?)\\s*>.*");

  static Stream<String> commands() {
    return all(RelayCommand.line()).map(command -> command.getCommandSpec().qualifiedName());
  }

  static Stream<CommandLine> all(CommandLine command) {
    return Stream.concat(
        Stream.of(command),
        command.getSubcommands().values().stream().flatMap(CommandModelTest::all));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void whatACommandDoesNotKnowIsNotPassedBy(String name) {
    List<String> words = new ArrayList<>(List.of(name.split(" ")));
    words.remove(0);
    if (named(name).getCommandSpec().positionalParameters().stream().anyMatch(p -> p.required())) {
      words.add(name.contains("completion") ? "bash" : "event");
    }
    words.add("--no-such-option");
    StringWriter err = new StringWriter();
    int exitCode =
        RelayCommand.line()
            .setErr(new PrintWriter(err, true))
            .execute(words.toArray(String[]::new));
    assertThat(exitCode).isEqualTo(2);
    assertThat(err.toString()).contains("'--no-such-option'");
  }

  private static CommandLine named(String name) {
    return all(RelayCommand.line())
        .filter(command -> command.getCommandSpec().qualifiedName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void theHelpShowsExamplesAndEachIsValid(String name) {
    String help = named(name).getUsageMessage();
    assertThat(help).contains("Examples:");
    List<String> examples =
        help.substring(help.indexOf("Examples:"))
            .lines()
            .filter(line -> line.startsWith("  "))
            .map(String::strip)
            .toList();
    assertThat(examples).isNotEmpty();
    for (String example : examples) {
      Matcher shell = SHELL.matcher(example);
      String command =
          !shell.matches() ? example : shell.group(1) != null ? shell.group(1) : shell.group(2);
      List<String> words = words(command);
      assertThat(words.get(0)).as(example).isEqualTo("relay");
      assertThatCode(() -> requireValid(words.subList(1, words.size())))
          .as(example)
          .doesNotThrowAnyException();
      // An example is one of this command, or of those below it
      assertThat(command).as(example).startsWith(name.equals("relay run") ? "relay" : name);
    }
  }

  static void requireValid(List<String> words) {
    ParseResult last = RelayCommand.line().parseArgs(words.toArray(String[]::new));
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    CommandSpec spec = last.commandSpec();
    SpringArguments.require(spec, last.unmatched());
    for (String setting : last.unmatched()) {
      assertThat(setting).matches("--(outbox\\.relay|server)\\..*");
    }
  }

  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(command);
    while (matcher.find()) {
      words.add(matcher.group().replace("\"", ""));
    }
    return words;
  }

  @Test
  void wordsInQuotesStayTogether() {
    assertThat(words("relay a --reason=\"test order\" b"))
        .containsExactly("relay", "a", "--reason=test order", "b");
  }
}
