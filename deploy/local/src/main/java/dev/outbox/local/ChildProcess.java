package dev.outbox.local;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process that this JVM started, with its output in a file. It ends when this JVM ends, even by a
 * kill. All methods may be called by any thread.
 */
public final class ChildProcess implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Process process;
  private final String endSignal;
  private final Path outputFile;
  private final long outputBefore;

  private ChildProcess(Process process, String endSignal, Path outputFile, long outputBefore) {
    this.process = process;
    this.endSignal = endSignal;
    this.outputFile = outputFile;
    this.outputBefore = outputBefore;
  }

  /** A Java process: the {@code java} of this JVM and, unless told otherwise, its class path. */
  public static JavaBuilder java() {
    return new JavaBuilder();
  }

  /**
   * Starts any program.
   *
   * @param endSignal the signal that asks this program to end
   * @param outputFile takes standard output and standard error; what it holds already stays
   */
  public static ChildProcess start(
      List<String> command, Map<String, String> environment, String endSignal, Path outputFile) {
    try {
      Directories.ensureParent(outputFile);
      long outputBefore = Files.exists(outputFile) ? Files.size(outputFile) : 0;
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(outputFile.toFile()));
      builder.environment().putAll(environment);
      ChildProcess child = new ChildProcess(builder.start(), endSignal, outputFile, outputBefore);
      child.process.getOutputStream().close();
      Watchdog.watch(child.process, endSignal);
      return child;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot start " + command.get(0), e);
    }
  }

  /** The process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether the process still runs; a stopped one ({@code sendSignal("STOP")}) does. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** The exit code, as soon as the process has ended. */
  public OptionalInt exitCode() {
    return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
  }

  /**
   * Waits for the end of the process and gives its exit code.
   *
   * @throws LocalStackException if it has not ended in time
   */
  public int awaitExit(Duration limit) {
    if (!endedWithin(limit)) {
      throw new LocalStackException(
          "Process %d still runs after %s. %s".formatted(pid(), limit, outputForMessage()));
    }
    return process.exitValue();
  }

  /**
   * Kills the process and its own children as {@code kill -9} does, and returns when they are gone.
   */
  public void sigkill() {
    if (process.isAlive()) {
      // Stopped first, so that it cannot make another child between the look and the kill.
      trySignal("STOP");
    }
    List<ProcessHandle> children;
    try (Stream<ProcessHandle> descendants = process.descendants()) {
      children = descendants.toList();
    }
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    awaitExit(PATIENCE);
    children.forEach(ChildProcess::awaitEnd);
  }

  /**
   * Asks the process to end (SIGTERM), waits, and gives its exit code. Does nothing to a process
   * that has ended.
   *
   * @throws LocalStackException if it has not ended after a minute
   */
  public int terminate() {
    if (process.isAlive()) {
      trySignal(endSignal);
    }
    return awaitExit(PATIENCE);
  }

  /**
   * Sends a signal by its name: {@code STOP}, {@code CONT}, {@code TERM}, {@code INT} and so on.
   *
   * @throws LocalStackException if the system has no such signal or the process has ended
   */
  public void sendSignal(String name) {
    if (!trySignal(name)) {
      throw new LocalStackException("Cannot send signal %s to process %d".formatted(name, pid()));
    }
  }

  /** What the process has written so far. */
  public String output() {
    try (RandomAccessFile file = new RandomAccessFile(outputFile.toFile(), "r")) {
      file.seek(Math.min(outputBefore, file.length()));
      byte[] bytes = new byte[Math.toIntExact(file.length() - file.getFilePointer())];
      file.readFully(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the output in " + outputFile, e);
    }
  }

  /**
   * Waits until the output contains the pattern, and gives the first match.
   *
   * @throws LocalStackException if it has not come in time, or the process has ended without it
   */
  public MatchResult awaitOutput(Pattern pattern, Duration limit) {
    LocalStackException inVain = null;
    try {
      Waiting.until(
          "Output matching '" + pattern + "'",
          limit,
          this::endedWithin,
          () -> pattern.matcher(output()).find());
    } catch (LocalStackException e) {
      inVain = e;
    }
    // Looked at once more even then, since it may have been the last words of the process.
    Matcher matcher = pattern.matcher(output());
    if (!matcher.find()) {
      throw new LocalStackException(
          "No output matches '%s'. %s".formatted(pattern, outputForMessage()), inVain);
    }
    return matcher.toMatchResult();
  }

  /** As {@link #awaitOutput(Pattern, Duration)}, with the regular expression as text. */
  public MatchResult awaitOutput(String regex, Duration limit) {
    return awaitOutput(Pattern.compile(regex), limit);
  }

  /** Kills the process if it still runs. */
  @Override
  public void close() {
    sigkill();
  }

  /** Waits at most this long for the end of the process, and says whether it has come. */
  public boolean endedWithin(Duration duration) {
    try {
      return process.waitFor(duration.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while waiting for process " + pid(), e);
    }
  }

  /** The end of the output and where to find all of it. */
  String outputForMessage() {
    String output = output();
    return "Its output (in %s) ends with:%n%s"
        .formatted(outputFile, output.substring(Math.max(0, output.length() - 2_000)));
  }

  private boolean trySignal(String name) {
    try {
      // The shell's own kill: small images have a shell but no program of that name.
      return new ProcessBuilder("sh", "-c", "kill -s \"$1\" \"$2\"", "sh", name, "" + pid())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot send signal %s".formatted(name), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while sending signal " + name, e);
    }
  }

  private static void awaitEnd(ProcessHandle child) {
    Waiting.until(
        "The end of process " + child.pid(),
        PATIENCE,
        Waiting::pause,
        // A zombie holds nothing any more, and when it is reaped is a matter of the system.
        () -> !child.isAlive() || child.info().command().isEmpty());
  }

  /** What to start. Give either a jar or a main class. */
  public static final class JavaBuilder {

    private final List<String> jvmArguments = new ArrayList<>();
    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private List<String> program = List.of();
    private @Nullable Path output;

    private JavaBuilder() {}

    /** Arguments for the JVM itself, such as {@code -Xmx256m}. */
    public JavaBuilder jvmArguments(String... more) {
      jvmArguments.addAll(List.of(more));
      return this;
    }

    /** Runs {@code java -jar}. */
    public JavaBuilder jar(Path jar) {
      program = List.of("-jar", jar.toString());
      return this;
    }

    /** Runs a class of this JVM's own class path. */
    public JavaBuilder mainClass(String name) {
      return mainClass(name, System.getProperty("java.class.path", ""));
    }

    /** Runs a class of a class path; the latter may also be one executable jar of Spring Boot. */
    public JavaBuilder mainClass(String name, String classPath) {
      program =
          SpringBootJar.is(classPath)
              ? SpringBootJar.command(classPath, name)
              : List.of("-cp", classPath, name);
      return this;
    }

    /** Arguments for the program. */
    public JavaBuilder arguments(String... more) {
      arguments.addAll(List.of(more));
      return this;
    }

    /** An environment variable on top of those of this JVM. */
    public JavaBuilder environment(String name, String value) {
      environment.put(name, value);
      return this;
    }

    /** The file that takes the output; a temporary one when not called. */
    public JavaBuilder output(Path file) {
      output = file;
      return this;
    }

    /**
     * Starts the process and returns at once.
     *
     * @throws IllegalStateException if neither jar nor main class was given
     */
    public ChildProcess start() {
      if (program.isEmpty()) {
        throw new IllegalStateException("No program to start: call jar(…) or mainClass(…)");
      }
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(jvmArguments);
      command.addAll(program);
      command.addAll(arguments);
      return ChildProcess.start(
          command, environment, "TERM", output != null ? output : temporaryOutput());
    }

    private static Path temporaryOutput() {
      try {
        Path file = Files.createTempFile("child-process-", ".log");
        file.toFile().deleteOnExit();
        return file;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot make a temporary file for the output", e);
      }
    }
  }
}
