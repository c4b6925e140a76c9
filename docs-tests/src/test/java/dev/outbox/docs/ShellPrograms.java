package dev.outbox.docs;

import dev.outbox.local.documents.Documents;
import dev.outbox.local.documents.SettingsTables;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The programs that documents call, each with what a test can say of its arguments. The relay's own
 * arguments are parsed where its command line is: {@code DocumentedCommandsTest} of relay-service.
 */
final class ShellPrograms {

  /** Programs of others: that the files they are given are there is all that is looked at. */
  private static final Set<String> OF_OTHERS =
      Set.of(
          "cd",
          "cp",
          "curl",
          "docker",
          "git",
          "helm",
          "kubectl",
          "mkdir",
          "openssl",
          "promtool",
          "psql");

  private static final Map<String, Function<List<String>, Optional<String>>> OWN =
      Map.of(
          "mvn", MavenCommand::problem,
          "bash", ShellPrograms::script,
          "java", ShellPrograms::jar,
          "export", ShellPrograms::variables,
          "source", words -> Optional.empty(),
          "relay", words -> Optional.empty());

  private static final Pattern FILE =
      Pattern.compile("(?:deploy|docs|benchmarks|[a-z]+(?:-[a-z]+)+)/[\\w./-]+");

  private ShellPrograms() {}

  /** What is wrong with a command, if anything. */
  static Optional<String> problem(List<String> command) {
    String program = command.get(0);
    Function<List<String>, Optional<String>> check = OWN.get(program);
    if (check == null && !OF_OTHERS.contains(program)) {
      return Optional.of(
          "nobody knows the program '%s': correct it, or add it to ShellPrograms with what can be"
                  .formatted(program)
              + " checked. What is no script is a block 'text', a session with output 'console'");
    }
    return missingFile(command).or(() -> check == null ? Optional.empty() : check.apply(command));
  }

  private static Optional<String> missingFile(List<String> command) {
    return command.stream()
        .map(word -> word.replaceFirst("^[-\\w]+=", ""))
        .filter(word -> FILE.matcher(word).matches())
        // Made by the build, or by a command before this one.
        .filter(word -> !word.contains("/target/") && !word.contains("/secrets"))
        .filter(word -> isOurs(word) && !Files.exists(Documents.root().resolve(word)))
        .findFirst()
        .map(word -> "there is no " + word);
  }

  private static boolean isOurs(String word) {
    return Files.isDirectory(Documents.root().resolve(word.substring(0, word.indexOf('/'))));
  }

  private static Optional<String> script(List<String> words) {
    String script = words.get(1);
    if (!Files.isRegularFile(Documents.root().resolve(script))) {
      return Optional.of("there is no script " + script);
    }
    List<String> arguments = words.subList(2, words.size());
    return switch (script) {
      case "deploy/relay" -> Optional.empty();
      case "deploy/docker/test-images" ->
          arguments.isEmpty() || arguments.get(0).equals("COMMAND")
              ? Optional.empty()
              : problem(arguments);
      case "benchmarks/run" -> options(arguments, "benchmarks/src/main");
      case "deploy/demo" -> options(arguments, "deploy/local/src/main");
      default -> Optional.of("ShellPrograms does not know the arguments of " + script);
    };
  }

  /** Options, and words that are no values of options, must stand in the code of the program. */
  private static Optional<String> options(List<String> arguments, String sources) {
    String code = code(sources);
    boolean value = false;
    for (String argument : arguments) {
      if (!value && !argument.equals("--help") && !code.contains('"' + argument + '"')) {
        return Optional.of("there is no argument " + argument);
      }
      value = argument.startsWith("--");
    }
    return Optional.empty();
  }

  private static String code(String source) {
    Path folder = Documents.root().resolve(source);
    return Documents.files(".java").stream()
        .filter(file -> file.startsWith(folder))
        .map(Documents::read)
        .collect(Collectors.joining());
  }

  private static Optional<String> jar(List<String> words) {
    Optional<String> jar = words.stream().filter(word -> word.endsWith(".jar")).findFirst();
    if (jar.isEmpty()) {
      return Optional.of("java without a jar: ShellPrograms cannot say what it does");
    }
    String module = Path.of(jar.get()).getFileName().toString().replace(".jar", "");
    return Files.exists(Documents.root().resolve(module).resolve("pom.xml"))
        ? Optional.empty()
        : Optional.of("no module makes " + jar.get());
  }

  /** Environment variables of the relay are settings that there are. */
  private static Optional<String> variables(List<String> words) {
    Set<String> known =
        SettingsTables.documentedNames().stream()
            .map(name -> name.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT))
            .collect(Collectors.toSet());
    return words.stream()
        .skip(1)
        .map(word -> word.replaceFirst("=.*", ""))
        .filter(
            name ->
                name.startsWith("OUTBOX_")
                    && !known.contains(
                        name.replaceFirst("^(OUTBOX_RELAY_KAFKA_PROPERTIES)_.*", "$1")))
        .findFirst()
        .map(name -> "there is no setting of the environment variable " + name);
  }
}
