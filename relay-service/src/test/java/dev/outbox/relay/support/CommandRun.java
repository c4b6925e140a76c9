package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A command as a program runs it, which takes its answer from standard output alone.
 *
 * @param exitCode what it ended with
 * @param out standard output
 * @param err standard error
 */
public record CommandRun(int exitCode, String out, String err) {

  /** Runs a command to its end. */
  public static CommandRun of(Map<String, String> properties, String... command) {
    try {
      Path out = Files.createTempFile(Path.of("target"), "command", ".out");
      Path err = Files.createTempFile(Path.of("target"), "command", ".err");
      Process process = start(properties, out.toFile(), err.toFile(), command);
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("It still runs: " + List.of(command));
      }
      return new CommandRun(process.exitValue(), Files.readString(out), Files.readString(err));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Process start(
      Map<String, String> properties, File out, File err, String... command) throws IOException {
    return new ProcessBuilder(arguments(properties, command))
        .redirectInput(new File("/dev/null"))
        .redirectOutput(out)
        .redirectError(err)
        .start();
  }

  /** The whole command line. */
  public static List<String> arguments(Map<String, String> properties, String... command) {
    List<String> arguments =
        new ArrayList<>(List.of("bash", Path.of("..", "deploy", "relay").toString()));
    arguments.addAll(List.of(command));
    properties.forEach((key, value) -> arguments.add("--" + key + "=" + value));
    return arguments;
  }
}
