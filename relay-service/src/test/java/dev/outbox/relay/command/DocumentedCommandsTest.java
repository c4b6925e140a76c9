package dev.outbox.relay.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.ShellCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.ParameterException;

/** Every command of the relay that a document shows is one, with its options and settings. */
class DocumentedCommandsTest {

  @Test
  void everyCommandOfTheRelayIsValid() {
    List<String> problems = new ArrayList<>();
    int commands = 0;
    for (CodeBlock block : CodeBlock.all()) {
      for (List<String> command : block.isShell() ? ShellCommands.in(block.script()) : none()) {
        Optional<List<String>> arguments = argumentsOfTheRelay(command);
        if (arguments.isPresent()) {
          commands++;
          problem(arguments.get())
              .ifPresent(problem -> problems.add(block.place() + ": " + problem));
        }
      }
    }
    assertThat(problems).isEmpty();
    assertThat(commands).isGreaterThan(20);
  }

  @Test
  void whatDoesNotExistIsFound() {
    assertThat(problem(List.of("parked", "retry", "--al"))).isPresent();
    assertThat(problem(List.of("stat"))).isPresent();
    assertThat(problem(List.of("run", "--outbox.rely.name=orders"))).isPresent();
    assertThat(problem(List.of("parked", "retry", "--all"))).isEmpty();
    assertThat(argumentsOfTheRelay(List.of("docker", "run", "--rm", "outbox-relay", "--version")))
        .contains(List.of("--version"));
  }

  private static List<List<String>> none() {
    return List.of();
  }

  /** Behind {@code relay}, the launcher, the jar, the image or the service of the compose file. */
  private static Optional<List<String>> argumentsOfTheRelay(List<String> command) {
    for (int i = 0; i < command.size(); i++) {
      String word = command.get(i);
      boolean container = command.get(0).equals("docker") && command.contains("run");
      boolean relay =
          i == 0 && word.equals("relay")
              || i == 1 && word.equals("deploy/relay")
              || word.endsWith("relay-service.jar")
              || container && (word.equals("outbox-relay") || word.equals("relay"));
      if (relay) {
        return Optional.of(command.subList(i + 1, command.size()));
      }
    }
    return Optional.empty();
  }

  private static Optional<String> problem(List<String> arguments) {
    try {
      CommandModelTest.requireValid(arguments);
      return Optional.empty();
    } catch (ParameterException | AssertionError e) {
      return Optional.of(arguments + ": " + e.getMessage());
    }
  }
}
