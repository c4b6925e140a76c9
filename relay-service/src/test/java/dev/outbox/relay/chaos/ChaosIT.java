package dev.outbox.relay.chaos;

import dev.outbox.relay.config.RelaySettings.Delivery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Everything that is committed is published in order and takes effect once, whatever breaks. Short
 * unless told otherwise; {@code docs/chaos/README.md} tells the properties.
 */
@Execution(ExecutionMode.CONCURRENT)
@Tag("slow")
class ChaosIT {

  private static final ChaosOptions OPTIONS = ChaosOptions.fromSystemProperties();

  static Stream<Delivery> modes() {
    return OPTIONS.modes().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void nothingIsLostReorderedOrAppliedTwice(Delivery mode) throws Exception {
    run(OPTIONS, mode);
  }

  /** The same of an outbox that is divided, with more shards than instances. */
  @ParameterizedTest
  @MethodSource("modes")
  void norIsItInShards(Delivery mode) throws Exception {
    run(OPTIONS.divided(), mode);
  }

  private static void run(ChaosOptions options, Delivery mode) throws Exception {
    Path directory = directory(options, mode);
    System.out.printf(
        "Chaos, %s, %d shards: -Dchaos.seed=%d, logs in %s%n",
        ChaosOptions.text(mode), options.shards(), options.seed(), directory);
    try (ChaosRun run = new ChaosRun(options, mode, directory)) {
      String report = run.run().markdown();
      System.out.println(report);
      Files.writeString(options.report().orElse(directory.resolve("report.md")), report);
    } catch (ChaosViolation | Exception e) {
      throw new AssertionError(
          "%s, %d shards, with -Dchaos.seed=%d, logs and timeline in %s: %s"
              .formatted(
                  ChaosOptions.text(mode),
                  options.shards(),
                  options.seed(),
                  directory,
                  e.getMessage()),
          e);
    }
  }

  /** Empty, also when the seed ran before. */
  private static Path directory(ChaosOptions options, Delivery mode) throws IOException {
    Path directory =
        Path.of(
            "target",
            "chaos",
            "%d-%s-%d".formatted(options.seed(), ChaosOptions.text(mode), options.shards()));
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
    }
    return Files.createDirectories(directory);
  }
}
