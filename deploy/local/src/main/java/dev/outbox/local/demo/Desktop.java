package dev.outbox.local.demo;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The desktop of the person at the terminal.
 *
 * @param command opens an address, which is its last argument
 */
record Desktop(List<String> command) {

  /** In a session of its own if possible: Ctrl-C at the demonstration must not end a browser. */
  private static final String ON_LINUX =
      """
      command -v xdg-open >/dev/null || exit 0
      command -v setsid >/dev/null && exec setsid xdg-open "$1"
      exec xdg-open "$1"
      """;

  static Optional<Desktop> ofThisMachine() {
    return of(System.getProperty("os.name", ""), System.getenv());
  }

  /** None where nobody would see it, as over SSH. */
  static Optional<Desktop> of(String system, Map<String, String> environment) {
    if (system.startsWith("Mac")) {
      return environment.containsKey("SSH_CONNECTION")
          ? Optional.empty()
          : Optional.of(new Desktop(List.of("open")));
    }
    return Stream.of("DISPLAY", "WAYLAND_DISPLAY")
            .anyMatch(name -> !environment.getOrDefault(name, "").isEmpty())
        ? Optional.of(new Desktop(List.of("sh", "-c", ON_LINUX, "sh")))
        : Optional.empty();
  }

  /** Opens an address in the browser; that this fails is no harm, since the terminal names it. */
  void open(String url) {
    try {
      new ProcessBuilder(Stream.concat(command.stream(), Stream.of(url)).toList())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      // Then the person does it.
    }
  }
}
