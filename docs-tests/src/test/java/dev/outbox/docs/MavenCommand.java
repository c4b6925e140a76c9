package dev.outbox.docs;

import dev.outbox.local.documents.Documents;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What documents have Maven do: phases, goals, properties, modules and tests that there are. */
final class MavenCommand {

  private static final Set<String> KNOWN =
      Set.of(
          "compile",
          "test",
          "package",
          "verify",
          "install",
          "spotless:apply",
          "exec:exec@stack",
          "spring-boot:run",
          "-am",
          "-B",
          "-q",
          "-DskipTests",
          "-DskipITs");

  /** Of Maven's own plugins. Those of this project stand in a pom or in code. */
  private static final Set<String> OF_PLUGINS =
      Set.of(
          "test", "it.test", "surefire.failIfNoSpecifiedTests", "failsafe.failIfNoSpecifiedTests");

  private static final String POMS =
      Documents.files("pom.xml").stream().map(Documents::read).collect(Collectors.joining());

  private static final List<String> CODE =
      Documents.files(".java").stream()
          .filter(file -> !Documents.name(file).startsWith("docs-tests/"))
          .map(Documents::read)
          .toList();

  private MavenCommand() {}

  static Optional<String> problem(List<String> words) {
    for (int i = 1; i < words.size(); i++) {
      String word = words.get(i);
      Optional<String> problem;
      if (word.equals("-pl")) {
        problem = modules(words.get(++i));
      } else if (word.startsWith("-D") && word.contains("=")) {
        int equals = word.indexOf('=');
        problem = property(word.substring(2, equals), word.substring(equals + 1));
      } else {
        problem =
            KNOWN.contains(word) ? Optional.empty() : Optional.of("MavenCommand knows no " + word);
      }
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> modules(String list) {
    return Arrays.stream(list.split(",", -1))
        .filter(module -> !Files.exists(Documents.root().resolve(module).resolve("pom.xml")))
        .findFirst()
        .map(module -> "there is no module " + module);
  }

  private static Optional<String> property(String name, String value) {
    if (name.equals("test") || name.equals("it.test")) {
      return tests(value);
    }
    return OF_PLUGINS.contains(name) || isRead(name)
        ? Optional.empty()
        : Optional.of("nobody reads the property " + name);
  }

  /** {@code None} is said where no test is meant to run. */
  private static Optional<String> tests(String value) {
    Pattern name =
        Pattern.compile(value.replaceFirst("[#+].*", "").replace("*", "\\w*") + "\\.java");
    boolean there =
        value.equals("None")
            || Documents.testSources().stream()
                .anyMatch(file -> name.matcher(file.getFileName().toString()).matches());
    return there ? Optional.empty() : Optional.of("there is no test " + value);
  }

  /** A property of a pom, or one that code asks for, perhaps without its first part. */
  private static boolean isRead(String name) {
    if (POMS.contains("<" + name + ">")) {
      return true;
    }
    int dot = name.indexOf('.');
    String prefix = "\"" + name.substring(0, dot + 1) + "\" + ";
    Pattern asked = Pattern.compile(Pattern.quote("\"" + name.substring(dot + 1) + "\""));
    return CODE.stream()
        .anyMatch(
            code ->
                code.contains("\"" + name + "\"")
                    || (code.contains(prefix) && asked.matcher(code).find()));
  }
}
