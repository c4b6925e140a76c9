package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A command with somebody in front of it: a terminal that the system makes for it. */
public final class PseudoTerminal implements AutoCloseable {

  private static final String CTRL_C = "\u0003";

  private final Process process;
  private final Path screen;

  private PseudoTerminal(Process process, Path screen) {
    this.process = process;
    this.screen = screen;
  }

  /** Starts a program; the test is skipped where no terminal can be made. */
  public static PseudoTerminal start(List<String> command) {
    return start(line(command));
  }

  /** The same with standard output in a file. */
  public static PseudoTerminal start(List<String> command, Path output) {
    return start(line(command) + " > " + line(List.of(output.toString())));
  }

  private static String line(List<String> command) {
    return command.stream()
        .map(word -> "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  private static PseudoTerminal start(String line) {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/script")),
        "There is no terminal without script of util-linux (Debian: bsdutils)");
    try {
      Path screen = Files.createTempFile(Path.of("target"), "terminal", ".log");
      ProcessBuilder builder =
          // A shell has its background jobs ignore Ctrl-C, and so would whatever they start.
          new ProcessBuilder("env", "--default-signal=INT", "script", "-qfec", line, "/dev/null")
              .redirectErrorStream(true)
              .redirectOutput(screen.toFile());
      builder.environment().put("TERM", "xterm");
      builder.environment().put("SHELL", "/bin/bash");
      return new PseudoTerminal(builder.start(), screen);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Everything that was sent to the terminal, control sequences included. */
  public String sent() {
    try {
      return new String(Files.readAllBytes(screen), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until that has been sent. */
  public void awaitSent(String text) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              boolean alive = process.isAlive();
              boolean there = sent().contains(text);
              if (!alive && !there) {
                throw new AssertionError("Ended without '%s': %s".formatted(text, sent()));
              }
              return there;
            });
  }

  /** Presses Ctrl-C. */
  public void interrupt() {
    type(CTRL_C);
  }

  /** Presses keys. */
  public void type(String keys) {
    try {
      process.getOutputStream().write(keys.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The program's exit code. */
  public int awaitExit() {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("It still runs: " + sent());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
