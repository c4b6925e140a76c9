package dev.outbox.relay.command;

import dev.outbox.relay.control.Attribution;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that change something. */
final class Asking {

  @Option(
      names = "--by",
      paramLabel = "NAME",
      defaultValue = "${sys:user.name}",
      description = "Who asks for it; recorded (default: the system's user).")
  private String by = "";

  @Option(names = "--reason", paramLabel = "TEXT", description = "Why; recorded.")
  private @Nullable String reason;

  Attribution attribution() {
    return new Attribution(by, reason == null ? "" : reason);
  }
}
