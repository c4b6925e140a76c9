package dev.outbox.relay.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What happened when, in a file. Safe for use by several threads. */
final class Timeline {

  private final Path file;
  private final Clock clock = Clock.systemUTC();
  private final Instant start = clock.instant();

  Timeline(Path file) {
    this.file = file;
  }

  /** Time since the start. */
  Duration elapsed() {
    return Duration.between(start, clock.instant());
  }

  /** The first line of a text: servers that fail say much, and say it in their logs. */
  synchronized void note(String text) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    String firstLine = text.lines().findFirst().orElse("");
    String line =
        "%s %8.3f %s%n".formatted(now, Duration.between(start, now).toMillis() / 1e3, firstLine);
    try {
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
