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
    Path directory = directory(mode);
    System.out.printf(
        "Chaos, %s: -Dchaos.seed=%d, logs in %s%n",
        ChaosOptions.text(mode), OPTIONS.seed(), directory);
    try (ChaosRun run = new ChaosRun(OPTIONS, mode, directory)) {
      String report = run.run().markdown();
      System.out.println(report);
      Files.writeString(OPTIONS.report().orElse(directory.resolve("report.md")), report);
    } catch (ChaosViolation | Exception e) {
      throw new AssertionError(
          "%s with -Dchaos.seed=%d, logs and timeline in %s: %s"
              .formatted(ChaosOptions.text(mode), OPTIONS.seed(), directory, e.getMessage()),
          e);
    }
  }

  /** Empty, also when the seed ran before. */
  private static Path directory(Delivery mode) throws IOException {
    Path directory =
        Path.of("target", "chaos", "%d-%s".formatted(OPTIONS.seed(), ChaosOptions.text(mode)));
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
